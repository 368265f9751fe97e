// RUN: not tenon-opt %s --tenon-infer-shapes="dims=S=12" 2>&1 | FileCheck %s --check-prefix=STEP
// RUN: not tenon-opt %s --tenon-infer-shapes="dims=T=12" 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not tenon-opt %s --tenon-infer-shapes="dims=S" 2>&1 | FileCheck %s --check-prefix=FORM

// STEP: dimension S is in 8..64 by 8, but given as 12
// NAME: there is no dimension 'T'
// FORM: dimension 'S' is not NAME=VALUE
module attributes {tenon.symbols = #tenon.symbols<S in 8 to 64 by 8>} {
}
