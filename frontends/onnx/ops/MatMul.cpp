//===- MatMul.cpp - matrix products and einsum ----------------------------===//

#include "frontends/onnx/MatMul.h"
#include "frontends/onnx/Node.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
namespace tenon::onnximport {

static void matMul(Node &n) { n.set(0, n.b.matmul(n[0], n[1])); }

Value transposeLast(TensorBuilder &b, Value x) {
  int64_t rank = TensorBuilder::rank(x);
  if (rank < 2)
    refuse("a transposed matrix has rank " + Twine(rank));
  return b.moveDim(x, rank - 1, rank - 2);
}

Value scaled(TensorBuilder &b, Value x, double factor) {
  return factor == 1 ? x : b.mul(x, factor);
}

static void gemm(Node &n) {
  n.requireRank(0, 2, 2);
  n.requireRank(1, 2, 2);
  bool transposeA = n.getInt("transA", 0) != 0, transposeB = n.getInt("transB", 0) != 0;
  Ints a = transposeA ? Ints{2, 0} : Ints{0, 2}, b = transposeB ? Ints{1, 2} : Ints{2, 1};
  Value y = scaled(n.b, n.b.contract({n[0], n[1]}, {a, b}, {0, 1}), n.getFloat("alpha", 1));
  double beta = n.getFloat("beta", 1);
  if (n.has(2) && beta != 0)
    y = n.b.add(y, scaled(n.b, n[2], beta));
  n.set(0, y);
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

namespace {
/// Letters to factor numbers; an ellipsis stands for numbers from 52 on.
class Einsum {
public:
  explicit Einsum(Node &n) : n(n) {}

  void run() {
    std::string text = n.getString("equation", "");
    llvm::erase(text, ' ');
    auto [left, right] = StringRef(text).split("->");
    SmallVector<StringRef> terms;
    left.split(terms, ',');
    if (terms.size() != n.inputCount())
      refuse("the equation has " + Twine(terms.size()) + " terms for " + Twine(n.inputCount()) +
             " inputs");
    SmallVector<Value> inputs;
    for (auto [i, term] : llvm::enumerate(terms)) {
      lists.push_back(parse(term, n.rank(i)));
      inputs.push_back(diagonal(n[i], lists.back()));
    }
    Ints result = StringRef(text).contains("->") ? parse(right, -1) : implicitResult(terms);
    Value y = n.b.contract(inputs, lists, result);
    n.set(0, y);
  }

private:
  static int64_t letter(char c) { return llvm::isLower(c) ? c - 'a' : 26 + (c - 'A'); }

  Ints parse(StringRef term, int64_t rank) {
    Ints list;
    size_t dots = term.find("...");
    int64_t letters = term.size() - (dots == StringRef::npos ? 0 : 3);
    if (rank >= 0 && (rank < letters || (dots == StringRef::npos && rank != letters)))
      refuse("a term of the equation has " + Twine(letters) + " letters for rank " + Twine(rank));
    if (rank >= 0)
      hidden = std::max(hidden, rank - letters);
    int64_t expanded = rank >= 0 ? rank - letters : hidden;
    for (size_t i = 0; i < term.size(); ++i) {
      if (i == dots) {
        for (int64_t k = 0; k < expanded; ++k)
          list.push_back(kHidden - expanded + k);
        i += 2;
      } else if (llvm::isAlpha(term[i])) {
        list.push_back(letter(term[i]));
      } else {
        refuse("the equation holds '" + Twine(term[i]) + "'");
      }
    }
    return list;
  }

  /// Letters that occur once, in alphabetical order, after the ellipsis.
  Ints implicitResult(ArrayRef<StringRef> terms) {
    Ints counts(64, 0), result;
    for (const Ints &list : lists)
      for (int64_t factor : list)
        ++counts[factor];
    for (int64_t k = 0; k < hidden; ++k)
      result.push_back(kHidden - hidden + k);
    for (char c = 'A'; c <= 'z'; ++c)
      if (llvm::isAlpha(c) && counts[letter(c)] == 1)
        result.push_back(letter(c));
    return result;
  }

  /// Takes the diagonal for a letter that occurs twice in a term.
  Value diagonal(Value x, Ints &list) {
    for (size_t j = 1; j < list.size(); ++j) {
      auto first = llvm::find(ArrayRef(list).take_front(j), list[j]);
      int64_t i = first - list.begin();
      if (size_t(i) == j)
        continue;
      DimExpr count = TensorBuilder::dim(x, i);
      n.b.checkEqual(count, TensorBuilder::dim(x, j), "sizes of a diagonal differ");
      Dims to = TensorBuilder::dims(x);
      to.erase(to.begin() + j);
      Ints dataDims;
      for (int64_t d = 0; d < TensorBuilder::rank(x); ++d)
        dataDims.push_back(d == i || d == int64_t(j) ? 0 : -1 - (d < int64_t(j) ? d : d - 1));
      x = n.b.gather(x, {n.b.iota(count, n.b.i64())}, dataDims, {i}, to);
      list.erase(list.begin() + j--);
    }
    return x;
  }

  static constexpr int64_t kHidden = 64;
  Node &n;
  SmallVector<Ints> lists;
  int64_t hidden = 0;
};
} // namespace

static void einsum(Node &n) { Einsum(n).run(); }

static void matMulInteger(Node &n) {
  auto zero = [&](unsigned index, bool rows) -> Value {
    Value z = n.input(index);
    if (!z || TensorBuilder::rank(z) == 0)
      return z;
    z = TensorBuilder::dim(z, TensorBuilder::rank(z) - 1).isConstant(1) &&
                TensorBuilder::rank(z) == 1
            ? n.b.reshape(z, {})
            : z;
    return rows && TensorBuilder::rank(z) == 1 ? n.b.unsqueeze(z, {1}) : z;
  };
  Type i32 = n.b.builder.getI32Type();
  auto shifted = [&](Value x, Value z) {
    x = n.b.cast(x, i32);
    return z ? n.b.sub(x, n.b.cast(z, i32)) : x;
  };
  n.set(0, n.b.matmul(shifted(n[0], zero(2, true)), shifted(n[1], zero(3, false))));
}

ArrayRef<OperatorEntry> getMatMulOperators() {
  static const OperatorEntry entries[] = {{"MatMul", matMul},
                                          {"Gemm", gemm},
                                          {"Einsum", einsum},
                                          {"MatMulInteger", matMulInteger}};
  return entries;
}

} // namespace tenon::onnximport
