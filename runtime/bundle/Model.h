// A bundle's metadata as plain structures: what the writer encodes and the
// reader gives back, decoded and checked. Nothing here owns weight bytes.
//
// Indices: `Expr` indexes EntryPoint::exprs, `String` indexes Bundle::strings;
// `none` means there is none. See docs/bundle-format.md.
#pragma once

#include "runtime/bundle/ElementType.h"
#include "runtime/bundle/Instructions.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tenon::bundle {

using Expr = uint32_t;
using String = uint32_t;

/// A named size. Its value v must satisfy min <= v <= max, v % step == 0.
struct Symbol {
  std::string name;
  int64_t min = 1;
  int64_t max = INT64_MAX;
  int64_t step = 1;
};

enum class ExprOp : uint32_t { Constant, Symbol, Add, Sub, Mul, FloorDiv, CeilDiv, Mod, Min, Max };
constexpr uint32_t numExprOps = 10;

/// One node of an expression; `a` and `b` are smaller than its own index
/// (for Symbol, `a` is the symbol).
struct ExprNode {
  ExprOp op = ExprOp::Constant;
  uint32_t a = 0;
  uint32_t b = 0;
  int64_t value = 0;
};

/// An input or output of an entry point.
struct Tensor {
  std::string name;
  ElementType type = ElementType::F32;
  std::vector<Expr> shape;
  uint32_t state = none; ///< the state this aliases, if any
};

struct Hash {
  uint64_t low = 0, high = 0;
  bool operator==(const Hash &) const = default;
};

enum class SectionKind : uint32_t { Code = 1, Weights = 2, Constants = 3, Asset = 4 };

struct Section {
  SectionKind kind = SectionKind::Code;
  std::string name;
  bool required = true;
  uint64_t offset = 0, size = 0;
  Hash hash;                ///< of the whole section; weights have `blocks` instead
  std::vector<Hash> blocks; ///< one for every 4 MiB of a weights section
  std::string external;     ///< file name beside the bundle; empty: inside
  std::string encoding;     ///< empty: plain; else "zstd" and the like
};

struct Weight {
  std::string name;
  ElementType type = ElementType::F32;
  std::vector<uint64_t> shape;
  std::string layout; ///< dimensions, major to minor: "1,2,3,0"; empty: row-major
  uint32_t section = none;
  uint64_t offset = 0, size = 0; ///< inside the section
  uint32_t rank = 0;
  uint32_t parts = 1; ///< of `shape` each, one after another; a rank reads one
};

struct Constant {
  uint32_t section = none;
  uint64_t offset = 0, size = 0;
};

/// Memory that outlives a run; shared by the entry points of a session.
struct State {
  std::string name;
  ElementType type = ElementType::F32;
  uint32_t initial = none; ///< constant of first contents; none: zero
};
struct StateShape {
  uint32_t state = 0;
  std::vector<Expr> shape;
  Expr size = 0;
};

constexpr uint64_t noEntry = ~uint64_t{0};

/// How a kernel is launched on a GPU.
struct KernelLaunch {
  uint32_t code = none;    ///< the kernel whose code it has, and so its function's name
  uint32_t threads = 0;    ///< of a block
  uint32_t flags = 0;      ///< LaunchFlags
};
/// Scratch memory may lie in global memory, a slot per block launched; the kernel
/// then takes fewer blocks than its grid.
constexpr uint32_t launchGlobalScratch = 1;

/// Machine code of all kernels for one set of processor features. The first
/// target of a device in the bundle that the machine can run is taken.
///
/// For cuda: `section` holds a text of PTX per kernel, each ended by a zero byte.
struct Target {
  std::string device = "cpu";
  std::string arch = "x86-64";
  std::string name;                  ///< "avx2"
  std::vector<std::string> features; ///< all must be there: "avx2", "fma", ...
  uint32_t section = none;
  std::vector<uint64_t> entries; ///< per kernel: offset in the section, or noEntry
  uint32_t ptx = none;           ///< section of the PTX (cuda)
  std::vector<KernelLaunch> launches; ///< per kernel (cuda)
};

enum Access : uint8_t { AccessRead = 1, AccessWrite = 2, AccessBoth = 3 };
struct Kernel {
  std::string name;
  std::vector<uint8_t> access; ///< per parameter, an Access
  /// A kernel that returns n > 0 failed for the reason messages[n - 1].
  std::vector<String> messages;
};

struct Arena {
  Expr size = 0;
  Expr lowerBound = none; ///< least possible size for the same order of launches
};

/// What an inst::Collective does, and how it combines elements.
enum class CollectiveKind : uint32_t { AllReduce, AllGather, ReduceScatter, AllToAll };
constexpr uint32_t numCollectiveKinds = 4;
enum class Reduction : uint32_t { None, Add, Mul, Max, Min };
constexpr uint32_t numReductions = 5;

enum class BufferKind : uint32_t { Input, Output, Weight, Constant, Arena, State };
constexpr uint32_t numBufferKinds = 6;

/// A range of bytes in a container.
struct Buffer {
  BufferKind kind = BufferKind::Input;
  uint32_t index = 0;
  Expr offset = 0; ///< bytes
  Expr size = 0;   ///< bytes
};

struct Block {
  std::vector<Instruction> instructions;
};

/// What one rank executes on one kind of device. Block 0 is where it starts.
struct Program {
  std::string device = "cpu";
  uint32_t rank = 0;
  std::vector<Arena> arenas;
  std::vector<Buffer> buffers;
  std::vector<Block> blocks;
};

struct EntryPoint {
  std::string name;
  std::vector<Symbol> symbols;
  std::vector<ExprNode> exprs;
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
  std::vector<StateShape> states;
  std::vector<Program> programs;
};

/// An axis of the mesh of ranks. The symbol "rank.NAME" is a rank's coordinate.
struct Axis {
  std::string name;
  uint32_t size = 1;
};

struct Bundle {
  std::string producer;
  uint32_t ranks = 1;     ///< the product of the mesh's sizes
  std::vector<Axis> mesh; ///< the last axis changes fastest
  std::vector<std::string> strings;
  std::vector<Section> sections;
  std::vector<Weight> weights;
  std::vector<Constant> constants;
  std::vector<State> states;
  std::vector<Target> targets;
  std::vector<Kernel> kernels;
  std::vector<EntryPoint> entries;
};

} // namespace tenon::bundle
