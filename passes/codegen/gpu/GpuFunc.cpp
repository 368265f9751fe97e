//===- GpuFunc.cpp - The frame of a GPU kernel --------------------*- C++ -*-===//
//
// Parameters, thread numbers, memory of the block, and the loop over blocks of a
// kernel that may be launched with fewer than its grid.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/gpu/GpuEmitter.h"
#include "passes/codegen/gpu/Pipeline.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tenon::tile {

static constexpr unsigned kGlobal = 1, kShared = 3;
/// Most threads of a block: with more, registers get scarce before it is faster.
static constexpr int64_t kMaxThreads = 128;

int64_t GpuEmitter::innerSize(Type type) {
  SmallVector<int64_t> shape = llvm::to_vector(shapeOf(type));
  return shape.empty() ? 1 : shape.back();
}

/// Half as many threads as the longest dimension over them, so that each has two
/// elements; a warp at least. One thread if nothing lies over threads.
static int64_t threadsFor(int64_t longest) {
  if (longest <= 1)
    return 1;
  return std::clamp<int64_t>(llvm::PowerOf2Ceil(longest) / 2, 32, kMaxThreads);
}

GpuEmitter::GpuEmitter(FuncOp func, bool globalScratch)
    : TileEmitter(func, 1), globalScratch(globalScratch) {
  if (auto schedule = PipelineSchedule::of(func)) {
    threads = schedule->threads();
    accumulators = schedule->accumulators(func);
    distribution = &accumulators;
    return;
  }
  int64_t longest = 1;
  func.walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      longest = std::max(longest, innerSize(type));
  });
  threads = threadsFor(longest);
  func.walk([&](ReduceOp op) {
    reduceRows = std::max(reduceRows, layoutOf(op.getType()).pieces());
  });
}

TileLayout GpuEmitter::layoutOf(Type type) {
  ArrayRef<int64_t> shape = shapeOf(type);
  SmallVector<int64_t> registers;
  for (unsigned dim = 0; dim < shape.size(); ++dim)
    registers.push_back(spreadOf(shape, dim).registers.size());
  return TileLayout(registers, 1);
}

Spread GpuEmitter::spreadOf(ArrayRef<int64_t> shape, unsigned dim) {
  Spread spread;
  int64_t size = shape[dim];
  if (size == 1)
    return spread;
  if (distribution)
    return distribution->spreads()[dim];
  bool isInner = dim + 1 == shape.size();
  int64_t over = isInner ? std::min(size, threads) : 1;
  spread.registers.clear();
  for (int64_t position = 0; position < size; position += over)
    spread.registers.push_back(position);
  for (unsigned bit = 0; int64_t(1) << bit < over; ++bit)
    spread.threads.push_back({bit, int64_t(1) << bit});
  return spread;
}

Value GpuEmitter::threadSum(ArrayRef<ThreadBit> bits) {
  Type i32 = builder.getI32Type();
  Value sum;
  for (size_t i = 0; i < bits.size();) {
    // A run of bits whose positions double is moved as a whole.
    size_t end = i + 1;
    while (end < bits.size() && bits[end].bit == bits[end - 1].bit + 1 &&
           bits[end].position == bits[end - 1].position * 2)
      ++end;
    unsigned from = bits[i].bit, to = llvm::Log2_64(bits[i].position);
    Value run = thread;
    if (from)
      run = arith::ShRUIOp::create(builder, run, builder.integer(i32, from));
    run = arith::AndIOp::create(builder, run, builder.integer(i32, (1 << (end - i)) - 1));
    if (to)
      run = arith::ShLIOp::create(builder, run, builder.integer(i32, to));
    sum = sum ? builder.add(sum, run) : run;
    i = end;
  }
  return sum ? arith::ExtUIOp::create(builder, builder.getI64Type(), sum).getResult() : Value();
}

Value GpuEmitter::threadPart(ArrayRef<int64_t> shape, unsigned dim) {
  if (shape[dim] == 1)
    return {};
  if (!distribution)
    return dim + 1 == shape.size() ? lane(shape[dim]) : Value();
  return threadSum(distribution->spreads()[dim].threads);
}

/// Every innermost dimension must be a power of two.
static LogicalResult verifyTiles(FuncOp func) {
  WalkResult result = func.walk([](Operation *op) {
    for (Type type : op->getResultTypes()) {
      auto shape = llvm::to_vector(shapeOf(type));
      if (!shape.empty() && !llvm::isPowerOf2_64(std::max<int64_t>(1, shape.back())))
        return op->emitError("has a tile that does not divide over threads: ") << type,
               WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult GpuEmitter::run() {
  if (distribution && failed(Pipeline::prepare(func)))
    return failure();
  if (!func.getBody().hasOneBlock())
    return func.emitError("cannot compile a tile program of several blocks; use scf");
  if (failed(verifyTiles(func)))
    return failure();
  builder.setInsertionPointAfter(func);
  return emitKernel(createKernel());
}

LLVM::LLVMFuncOp GpuEmitter::createKernel() {
  Type global = LLVM::LLVMPointerType::get(builder.getContext(), kGlobal);
  size_t views = func.getViews().size();
  SmallVector<Type> inputs(views, global);
  inputs.append(2, global);
  inputs.append(func.getSymbols().size(), builder.getI64Type());
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), inputs);
  auto kernel = LLVM::LLVMFuncOp::create(builder, func.getSymName(), type);
  auto unit = builder.getUnitAttr();
  kernel->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), unit);
  kernel->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                  builder.getDenseI32ArrayAttr({int32_t(threads), 1, 1}));
  // Else the assembler saves registers for more blocks at once, and spills.
  kernel->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), builder.getI32IntegerAttr(1));
  kernel->setAttr(kThreadsAttr, builder.getI32IntegerAttr(threads));
  if (globalScratch)
    kernel->setAttr(kGlobalScratchAttr, unit);
  for (BlockArgument view : func.getViews()) {
    unsigned i = view.getArgNumber();
    if (func.getArgAttr(i, kMayAlias))
      continue;
    kernel.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), unit);
    if (llvm::none_of(view.getUsers(), [](Operation *user) { return isa<StoreOp, ScatterOp>(user); }))
      kernel.setArgAttr(i, LLVM::LLVMDialect::getReadonlyAttrName(), unit);
  }
  return kernel;
}

/// The number of this thread, its positions, whether it is the first.
void GpuEmitter::emitThreads() {
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  if (threads > 1) {
    thread = NVVM::ThreadIdXOp::create(builder, i32);
    isFirst = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, thread,
                                    builder.integer(i32, 0));
  } else {
    thread = builder.integer(i32, 0);
  }
  func.walk([&](Operation *op) {
    for (Type type : op->getResultTypes()) {
      int64_t size = innerSize(type);
      if (distribution || size == 1 || lanes.contains(size))
        continue;
      Value at = thread;
      if (size < threads)
        at = arith::AndIOp::create(builder, thread, builder.integer(i32, size - 1));
      lanes[size] = arith::ExtUIOp::create(builder, i64, at);
    }
  });
}

Value GpuEmitter::sharedMemory(StringRef name, int64_t bytes) {
  auto module = func->getParentOfType<ModuleOp>();
  auto outer = ImplicitLocOpBuilder::atBlockBegin(func.getLoc(), module.getBody());
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes);
  auto linkage = bytes ? LLVM::Linkage::Internal : LLVM::Linkage::External;
  auto global = LLVM::GlobalOp::create(outer, type, /*isConstant=*/false, linkage,
                                       (func.getSymName() + name).str(), Attribute(),
                                       /*alignment=*/64, kShared);
  if (bytes) { // an initializer region: shared memory starts undefined
    Block *init = outer.createBlock(&global.getInitializerRegion());
    outer.setInsertionPointToStart(init);
    LLVM::ReturnOp::create(outer, ValueRange{LLVM::UndefOp::create(outer, type)});
  }
  return LLVM::AddressOfOp::create(builder, global);
}

/// Bytes of all scratch views of a function.
static DimExpr totalScratch(FuncOp func) {
  DimExpr total = DimExpr::constant(func.getContext(), 0);
  func.walk([&](ScratchOp op) { total = total + scratchSize(op); });
  return total;
}

/// Where this block's scratch memory starts, if it has any.
Value GpuEmitter::scratchBase(LLVM::LLVMFuncOp kernel) {
  DimExpr total = totalScratch(func);
  if (total.isConstant(0))
    return LLVM::ZeroOp::create(builder, builder.pointerType());
  Value shared = sharedMemory("_scratch", 0);
  if (!globalScratch)
    return shared;
  Value given = kernel.getArgument(func.getViews().size());
  Value none = LLVM::ZeroOp::create(builder, given.getType());
  Value isShared = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::eq, given, none);
  FailureOr<Value> bytes = emitExpr(total);
  if (failed(bytes))
    return {};
  Value slot = builder.address(builder.getI8Type(), given, builder.mul(block, *bytes));
  Type generic = builder.pointerType();
  return builder.select(isShared, LLVM::AddrSpaceCastOp::create(builder, generic, shared),
                        LLVM::AddrSpaceCastOp::create(builder, generic, slot));
}

LogicalResult GpuEmitter::emitKernel(LLVM::LLVMFuncOp kernel) {
  region = &kernel.getBody();
  enter(kernel.addEntryBlock(builder));
  unsigned argument = 0;
  for (BlockArgument view : func.getViews())
    pointers[view] = kernel.getArgument(argument++);
  argument += 2; // scratch, status
  for (StringAttr symbol : func.getSymbols().getAsRange<StringAttr>())
    symbolValues[symbol.getValue()] = kernel.getArgument(argument++);
  emitThreads();
  Value number = NVVM::BlockIdXOp::create(builder, builder.getI32Type());
  block = arith::ExtUIOp::create(builder, builder.getI64Type(), number);
  if (threads > 32 && reduceRows)
    partials = sharedMemory("_partials", reduceRows * (threads / 32) * 8);
  Value scratch = scratchBase(kernel);
  if (!scratch || failed(emitSizes(scratch)) || failed(emitBlocks(kernel)))
    return func.emitError("cannot be compiled for a GPU");
  kernel->setAttr(kChecksAttr, builder.getArrayAttr(checks));
  kernel->setAttr(kScratchAttr, (scratchBytes + pipelineBytes).getAttr());
  return success();
}

/// for (b = block; b < grid; b += blocks launched), once round if they are the grid.
LogicalResult GpuEmitter::emitBlocks(LLVM::LLVMFuncOp kernel) {
  Type i64 = builder.getI64Type();
  failBlock = newBlock();
  failBlock->addArgument(builder.getI32Type(), func.getLoc());
  Block *exit = newBlock(), *header = nullptr;
  Value current = block, step;
  if (globalScratch) {
    FailureOr<Value> grid = emitExpr(DimExpr(func.getGrid()));
    if (failed(grid))
      return failure();
    Value count = NVVM::GridDimXOp::create(builder, builder.getI32Type());
    step = arith::ExtUIOp::create(builder, i64, count);
    header = newBlock();
    Block *body = newBlock();
    current = header->addArgument(i64, func.getLoc());
    LLVM::BrOp::create(builder, ValueRange{block}, header);
    enter(header);
    Value more = arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, current, *grid);
    LLVM::CondBrOp::create(builder, more, body, exit);
    enter(body);
    hazards |= effectsOf(func);
  }
  defineScalar(func.getBlockId(), current);
  if (failed(emitBlock(func.getBody().front())))
    return failure();
  builder.setLoc(func.getLoc());
  if (header)
    LLVM::BrOp::create(builder, ValueRange{builder.add(current, step)}, header);
  else
    LLVM::BrOp::create(builder, ValueRange{}, exit);
  emitFailure(kernel.getArgument(func.getViews().size() + 1));
  enter(exit);
  LLVM::ReturnOp::create(builder, ValueRange{});
  return success();
}

/// The first thread writes the number of the check that failed.
void GpuEmitter::emitFailure(Value status) {
  if (checks.empty()) {
    failBlock->erase();
    return;
  }
  Block *write = newBlock(), *leave = newBlock();
  enter(failBlock);
  Value code = failBlock->getArgument(0);
  if (isFirst)
    LLVM::CondBrOp::create(builder, isFirst, write, leave);
  else
    LLVM::BrOp::create(builder, ValueRange{}, write);
  enter(write);
  LLVM::AtomicRMWOp::create(builder, LLVM::AtomicBinOp::umax, status, code,
                            LLVM::AtomicOrdering::monotonic);
  LLVM::BrOp::create(builder, ValueRange{}, leave);
  enter(leave);
  LLVM::ReturnOp::create(builder, ValueRange{});
}

} // namespace tenon::tile
