// tenon verify: reads a bundle whole and checks every hash.
#include "runtime/tools/Model.h"

#include <cstdio>

using namespace tenon;
using namespace tenon::tools;

int main(int argc, char **argv) {
  CLI::App app("Checks every hash of a bundle.", "tenon verify");
  std::string path;
  app.add_option("BUNDLE", path, "the .tenon file")->required();
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return *status;
  tenon_bundle *bundle = nullptr;
  Status status = fromApi(tenon_bundle_open(path.c_str(), &bundle));
  if (status.ok())
    status = fromApi(tenon_bundle_verify(bundle));
  tenon_bundle_close(bundle);
  if (status.ok())
    std::printf("%s: ok\n", path.c_str());
  return report("tenon verify", status);
}
