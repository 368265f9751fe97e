//===- TenonOps.td - all operations of the tenon dialect --------------------===//

#ifndef TENON_OPS
#define TENON_OPS

include "dialects/tenon/MapOps.td"
include "dialects/tenon/ViewOps.td"
include "dialects/tenon/ReduceOps.td"
include "dialects/tenon/StructureOps.td"

#endif // TENON_OPS
