//===- TenonInterfaces.td - interfaces of tenon operations -----------------===//

#ifndef TENON_INTERFACES
#define TENON_INTERFACES

include "mlir/IR/OpBase.td"

def FactorRuleInterface : OpInterface<"FactorRuleInterface"> {
  let cppNamespace = "::tenon";
  let description = [{
    An operation described by a factor rule (FactorRule.h) and a scalar body
    (Scalar.h). It has one result.
  }];
  let methods = [
    InterfaceMethod<"The rule: factors, accesses, combiner.", "::tenon::FactorRule",
                    "getFactorRule", (ins)>,
    InterfaceMethod<[{
        Emits the body: the element that is stored, or combined over the
        reduction factors.
      }], "::tenon::Scalar", "emitBody", (ins "::tenon::BodyArgs":$args)>,
    InterfaceMethod<[{
        The value seen of operand `index` outside of its guards, as a number; the
        default is zero.
      }], "double", "getFill", (ins "unsigned":$index), [{}], [{ return 0.0; }]>,
    InterfaceMethod<[{
        True if the body is the identity of one operand's element and the
        operation only moves data (views).
      }], "bool", "isView", (ins), [{}], [{ return false; }]>
  ];
}

def IrregularOpInterface : OpInterface<"IrregularOpInterface"> {
  let cppNamespace = "::tenon";
  let description = [{
    An operation without a factor rule: its elements depend on each other, or go
    where its operands say. Fusion keeps each alone in a kernel; code generation
    has an evaluator or a generator for each. Whoever adds one implements this,
    and nobody else needs a list of them.
  }];
  let methods = [
    InterfaceMethod<"How much belongs together.", "::tenon::IrregularKind", "getIrregularKind",
                    (ins)>,
    InterfaceMethod<"The dimension of operand 0 along which elements depend on each other.",
                    "std::optional<int64_t>", "getOwnDim", (ins), [{}], [{ return std::nullopt; }]>,
    InterfaceMethod<[{
        The dimensions of operand 0 whose slices are computed each by itself: all
        but its own for rows.
      }], "::llvm::SmallVector<int64_t>", "getIndependentDims", (ins), [{}], [{
        ::llvm::SmallVector<int64_t> dims;
        std::optional<int64_t> own = $_op.getOwnDim();
        int64_t rank = ::tenon::getDims($_op->getOperand(0).getType()).size();
        for (int64_t dim = 0; own && dim < rank; ++dim)
          if (dim != *own)
            dims.push_back(dim);
        return dims;
      }]>
  ];
}

#endif // TENON_INTERFACES
