// Tokenizes for tests/runtime/llm/tokenizers.py: the path of a tokenizer.json as the
// argument; {"text": ...} or {"ids": ...} per line in, {"ids", "text", "stream"} out.
#include "runtime/llm/tokenizer/Tokenizer.h"

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

using namespace tenon;
using Json = nlohmann::json;

static std::string streamed(const llm::Tokenizer &tokenizer, const std::vector<llm::TokenId> &ids) {
  llm::StreamDecoder stream(tokenizer);
  std::string text;
  for (llm::TokenId id : ids)
    if (tokenizer.vocabulary().has(id) && !tokenizer.isSpecial(id))
      text += stream.push(id);
  return text + stream.finish();
}

static Json answer(const llm::Tokenizer &tokenizer, const Json &request) {
  auto start = std::chrono::steady_clock::now();
  std::vector<llm::TokenId> ids = request.contains("ids")
                                      ? request["ids"].get<std::vector<llm::TokenId>>()
                                      : tokenizer.encode(request.at("text").get<std::string>());
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return {{"ids", ids},
          {"text", tokenizer.decode(ids)},
          {"stream", streamed(tokenizer, ids)},
          {"seconds", time.count()}};
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  std::ifstream file(argv[1]);
  std::string json{std::istreambuf_iterator<char>(file), {}};
  llm::Tokenizer tokenizer;
  if (Status status = llm::Tokenizer::fromJson(json, tokenizer); !status.ok()) {
    std::cerr << status.error().message << "\n";
    return 1;
  }
  for (std::string line; std::getline(std::cin, line);)
    std::cout << answer(tokenizer, Json::parse(line)).dump() << std::endl;
}
