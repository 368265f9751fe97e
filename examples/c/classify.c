/* Runs a model with one f32 input and prints its largest output.
 *
 *     tenon compile mnist.onnx -o mnist.tenon
 *     classify mnist.tenon digit.f32         (raw float32 values, row-major)
 */
#include <stdio.h>
#include <stdlib.h>
#include <tenon.h>

static int failed(tenon_error *error) {
  if (!error)
    return 0;
  const char *node = tenon_error_node(error);
  fprintf(stderr, "classify: %s%s%s\n", node, *node ? ": " : "", tenon_error_message(error));
  tenon_error_free(error);
  return 1;
}

/* The input's elements from a file, its free dimensions taken as 1. NULL: said on stderr. */
static float *read_input(const char *path, const tenon_tensor_info *info, int64_t *shape) {
  size_t count = 1;
  for (int i = 0; i < info->ndim; ++i) {
    shape[i] = info->shape[i] < 0 ? 1 : info->shape[i];
    count *= (size_t)shape[i];
  }
  FILE *file = fopen(path, "rb");
  float *values = malloc((count ? count : 1) * sizeof *values);
  if (!file || !values || fread(values, sizeof *values, count, file) != count) {
    fprintf(stderr, "classify: cannot read %zu float32 values from %s\n", count, path);
    free(values);
    values = NULL;
  }
  if (file)
    fclose(file);
  return values;
}

static int print_largest(const DLTensor *tensor) {
  size_t count = 1, best = 0;
  for (int i = 0; i < tensor->ndim; ++i)
    count *= (size_t)tensor->shape[i];
  const float *values = tensor->data;
  for (size_t i = 1; i < count; ++i)
    if (values[i] > values[best])
      best = i;
  printf("class %zu of %zu, score %g\n", best, count, values[best]);
  return 0;
}

static int run(tenon_bundle *bundle, tenon_session *session, const char *path) {
  const DLDataType f32 = {kDLFloat, 32, 1};
  const tenon_tensor_info *info = tenon_bundle_input(bundle, 0, 0);
  int64_t shape[16];
  if (tenon_bundle_input_count(bundle, 0) != 1 || tenon_bundle_output_count(bundle, 0) != 1 ||
      info->type.code != f32.code || info->type.bits != f32.bits || info->ndim > 16) {
    fprintf(stderr, "classify: the model should have one f32 input and one output\n");
    return 1;
  }
  float *values = read_input(path, info, shape);
  if (!values)
    return 1;
  DLTensor input = {values, {kDLCPU, 0}, info->ndim, f32, shape, NULL, 0}, output = {0};
  /* With no data of ours, the output lies in the session's memory until its next run. */
  int status =
      failed(tenon_session_run(session, 0, &input, 1, &output, 1)) || print_largest(&output);
  free(values);
  return status;
}

int main(int argc, char **argv) {
  tenon_bundle *bundle = NULL;
  tenon_session *session = NULL;
  if (argc != 3) {
    fprintf(stderr, "usage: classify MODEL.tenon INPUT.f32\n");
    return 2;
  }
  int status = failed(tenon_bundle_open(argv[1], &bundle)) ||
               failed(tenon_session_create(bundle, NULL, &session)) ||
               run(bundle, session, argv[2]);
  tenon_session_destroy(session);
  tenon_bundle_close(bundle);
  return status;
}
