// tenon verify: reads a bundle whole and checks every hash.
#include "runtime/tools/Model.h"

#include <cstdio>

using namespace tenon;
using namespace tenon::tools;

int main(int argc, char **argv) {
  CLI::App app("Checks every hash of a bundle.", "tenon verify");
  std::string path;
  app.add_option("bundle", path, "the .tenon file")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  tenon_bundle *bundle = nullptr;
  Status status = fromApi(tenon_bundle_open(path.c_str(), &bundle));
  if (status.ok())
    status = fromApi(tenon_bundle_verify(bundle));
  tenon_bundle_close(bundle);
  if (status.ok())
    std::printf("%s: ok\n", path.c_str());
  return report("tenon verify", status);
}
