// RUN: not tenon-opt %s --tenon-fuse-kernels=target=abacus 2>&1 | FileCheck %s

// CHECK: unknown fusion target 'abacus', expected cpu, cpu:<threads>, gpu or gpu:generic
module {}
