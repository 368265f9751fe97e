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

#endif // TENON_INTERFACES
