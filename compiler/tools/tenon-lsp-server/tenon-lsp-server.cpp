//===- tenon-lsp-server.cpp - the language in editors ---------------------===//
//
// Speaks the Language Server Protocol on standard input and output: diagnostics,
// hover with shapes, definition, completion. Weights, where shapes follow from
// them, are given on the command line:
//
//   tenon-lsp-server [--weights FILE] [--library FOLDER]...
//
//===----------------------------------------------------------------------===//

#include "frontends/language/Analysis.h"
#include "frontends/language/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/LSP/Logging.h"
#include "llvm/Support/LSP/Protocol.h"
#include "llvm/Support/LSP/Transport.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <CLI/CLI.hpp>
#include <map>

namespace lsp = llvm::lsp;
using namespace tenon::language;

namespace {

struct Settings {
  std::string weights;
  std::vector<std::string> libraries;
};

class Server {
public:
  Server(Settings settings, lsp::MessageHandler &messages) : settings(std::move(settings)) {
    messages.method("initialize", this, &Server::initialize);
    messages.method("shutdown", this, &Server::shutdown);
    messages.notification("initialized", this, &Server::ignore);
    messages.notification("textDocument/didOpen", this, &Server::open);
    messages.notification("textDocument/didChange", this, &Server::change);
    messages.notification("textDocument/didClose", this, &Server::close);
    messages.method("textDocument/hover", this, &Server::hover);
    messages.method("textDocument/definition", this, &Server::define);
    messages.method("textDocument/completion", this, &Server::complete);
    publish = messages.outgoingNotification<lsp::PublishDiagnosticsParams>("textDocument/publishDiagnostics");
  }
  bool wasShutDown = false;

private:
  void initialize(const lsp::InitializeParams &, lsp::Callback<llvm::json::Value> reply) {
    reply(llvm::json::Object{
        {"serverInfo", llvm::json::Object{{"name", "tenon-lsp-server"}, {"version", "0.1.0"}}},
        {"capabilities",
         llvm::json::Object{{"textDocumentSync", llvm::json::Object{{"openClose", true}, {"change", 1}}},
                            {"hoverProvider", true},
                            {"definitionProvider", true},
                            {"completionProvider", llvm::json::Object{}}}}});
  }
  void shutdown(const lsp::NoParams &, lsp::Callback<std::nullptr_t> reply) {
    wasShutDown = true;
    reply(nullptr);
  }
  void ignore(const lsp::NoParams &) {}

  void open(const lsp::DidOpenTextDocumentParams &params) {
    analyze(params.textDocument.uri, params.textDocument.text, params.textDocument.version);
  }
  /// Whole documents are asked for.
  void change(const lsp::DidChangeTextDocumentParams &params) {
    if (!params.contentChanges.empty())
      analyze(params.textDocument.uri, params.contentChanges.back().text, params.textDocument.version);
  }
  void close(const lsp::DidCloseTextDocumentParams &params) {
    documents.erase(params.textDocument.uri.file().str());
    publish(lsp::PublishDiagnosticsParams(params.textDocument.uri, 0));
  }

  void analyze(const lsp::URIForFile &uri, std::string text, int64_t version) {
    if (text.size() > Source::kMaxBytes)
      text.clear();
    auto analysis = std::make_unique<Analysis>(uri.file().str(), std::move(text), settings.weights,
                                               settings.libraries);
    lsp::PublishDiagnosticsParams params(uri, version);
    for (const Problem &problem : analysis->problems().all())
      params.diagnostics.push_back(diagnosticOf(problem, uri));
    documents[uri.file().str()] = std::move(analysis);
    publish(params);
  }

  static lsp::Position positionOf(const Source &source, uint32_t offset) {
    auto [line, column] = source.lineAndColumn(offset);
    return lsp::Position(line - 1, column - 1);
  }
  static lsp::Range rangeOf(Span span) {
    return lsp::Range(positionOf(*span.source, span.begin), positionOf(*span.source, span.end));
  }

  static lsp::Diagnostic diagnosticOf(const Problem &problem, const lsp::URIForFile &uri) {
    lsp::Diagnostic diagnostic;
    diagnostic.range = rangeOf(problem.where);
    diagnostic.severity = lsp::DiagnosticSeverity::Error;
    diagnostic.source = "tenon";
    diagnostic.message = problem.message;
    for (const std::string &hint : problem.hints)
      diagnostic.message += "\nhint: " + hint;
    for (const Label &label : problem.labels) {
      if (!diagnostic.relatedInformation)
        diagnostic.relatedInformation.emplace();
      diagnostic.relatedInformation->emplace_back(lsp::Location(uri, rangeOf(label.where)), label.text);
    }
    return diagnostic;
  }

  Analysis *documentOf(const lsp::TextDocumentPositionParams &params, uint32_t &offset) {
    auto it = documents.find(params.textDocument.uri.file().str());
    if (it == documents.end() || params.position.line < 0 || params.position.character < 0)
      return nullptr;
    offset = it->second->source().offsetOf(params.position.line + 1, params.position.character + 1);
    return it->second.get();
  }

  void hover(const lsp::TextDocumentPositionParams &params, lsp::Callback<std::optional<lsp::Hover>> reply) {
    uint32_t offset = 0;
    Analysis *analysis = documentOf(params, offset);
    std::optional<std::string> text = analysis ? analysis->describe(offset) : std::nullopt;
    if (!text)
      return reply(std::nullopt);
    lsp::Hover hover(rangeOf(analysis->wordAt(offset)));
    hover.contents.value = "```tn\n" + *text + "\n```";
    reply(std::optional(hover));
  }

  void define(const lsp::TextDocumentPositionParams &params, lsp::Callback<std::vector<lsp::Location>> reply) {
    uint32_t offset = 0;
    Analysis *analysis = documentOf(params, offset);
    const Definition *definition = analysis ? analysis->definition(offset) : nullptr;
    std::vector<lsp::Location> places;
    if (definition) {
      llvm::SmallString<256> path(definition->span.source->name());
      llvm::sys::fs::make_absolute(path);
      if (auto uri = lsp::URIForFile::fromFile(path))
        places.emplace_back(*uri, rangeOf(definition->span));
      else
        llvm::consumeError(uri.takeError());
    }
    reply(std::move(places));
  }

  void complete(const lsp::CompletionParams &params, lsp::Callback<lsp::CompletionList> reply) {
    uint32_t offset = 0;
    lsp::CompletionList list;
    if (Analysis *analysis = documentOf(params, offset)) {
      for (const Definition *definition : analysis->completions(offset)) {
        list.items.emplace_back(definition->name, lsp::CompletionItemKind::Variable);
        list.items.back().detail = definition->detail;
      }
      for (llvm::StringRef word : keywords())
        list.items.emplace_back(word, lsp::CompletionItemKind::Keyword);
    }
    reply(std::move(list));
  }

  Settings settings;
  std::map<std::string, std::unique_ptr<Analysis>> documents;
  lsp::OutgoingNotification<lsp::PublishDiagnosticsParams> publish;
};

std::string installedLibrary(const char *program) {
  std::string self = llvm::sys::fs::getMainExecutable(program, reinterpret_cast<void *>(&installedLibrary));
  llvm::SmallString<256> path(llvm::sys::path::parent_path(self));
  llvm::sys::path::append(path, "..", "share", "tenon");
  return path.str().str();
}

} // namespace

int main(int argc, char **argv) {
  Settings settings;
  CLI::App app("the language in editors, by the Language Server Protocol", "tenon-lsp-server");
  app.add_option("--weights", settings.weights, "the weights from which shapes follow");
  app.add_option("--library", settings.libraries, "a folder to look for used files in");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  settings.libraries.push_back(installedLibrary(argv[0]));
  llvm::sys::ChangeStdinToBinary();
  llvm::sys::ChangeStdoutToBinary();
  lsp::Logger::setLogLevel(lsp::Logger::Level::Error);
  lsp::JSONTransport transport(stdin, llvm::outs());
  lsp::MessageHandler messages(transport);
  Server server(std::move(settings), messages);
  if (llvm::Error error = transport.run(messages)) {
    llvm::errs() << "tenon-lsp-server: " << llvm::toString(std::move(error)) << "\n";
    return 1;
  }
  return server.wasShutDown ? 0 : 1;
}
