//===- LinkObject.cpp - ELF objects into one flat image -----------*- C++ -*-===//
//
//   1. every section that is loaded (.text, .rodata...) gets a place in the image
//   2. every relocation is applied: only PC-relative ones between these sections
//      are allowed, so that the image runs at any address
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/ObjectCode.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace tenon;
using llvm::object::ELF64LEObjectFile;
using llvm::object::ELFSectionRef;
using llvm::object::RelocationRef;
using llvm::object::SectionRef;
using llvm::object::SymbolRef;

namespace {

class Linker {
public:
  Linker(const ELF64LEObjectFile &file, std::vector<char> &image) : file(file), image(image) {}

  llvm::Error placeSections();
  llvm::Error relocate();
  llvm::Expected<uint64_t> find(llvm::StringRef name);

private:
  llvm::Expected<uint64_t> addressOf(const SymbolRef &symbol);
  llvm::Error relocate(const RelocationRef &relocation, uint64_t section);

  const ELF64LEObjectFile &file;
  std::vector<char> &image;
  llvm::DenseMap<uint64_t, uint64_t> places; ///< section index -> offset in the image
};

} // namespace

llvm::Error Linker::placeSections() {
  for (const SectionRef &section : file.sections()) {
    ELFSectionRef elf(section);
    if (!(elf.getFlags() & llvm::ELF::SHF_ALLOC) || section.getSize() == 0)
      continue;
    llvm::Expected<llvm::StringRef> name = section.getName();
    if (!name)
      return name.takeError();
    if (elf.getFlags() & llvm::ELF::SHF_WRITE || elf.getType() != llvm::ELF::SHT_PROGBITS)
      return llvm::createStringError("the code has a section '" + *name +
                                     "' that cannot be part of an image");
    llvm::Expected<llvm::StringRef> contents = section.getContents();
    if (!contents)
      return contents.takeError();
    image.resize(llvm::alignTo(image.size(), section.getAlignment()));
    places[section.getIndex()] = image.size();
    image.insert(image.end(), contents->begin(), contents->end());
  }
  return llvm::Error::success();
}

llvm::Expected<uint64_t> Linker::addressOf(const SymbolRef &symbol) {
  llvm::Expected<llvm::StringRef> name = symbol.getName();
  llvm::Expected<llvm::object::section_iterator> section = symbol.getSection();
  llvm::Expected<uint64_t> value = symbol.getValue();
  if (!name || !section || !value)
    return llvm::joinErrors(llvm::joinErrors(name.takeError(), section.takeError()),
                            value.takeError());
  if (*section == file.section_end() || !places.contains((*section)->getIndex()))
    return llvm::createStringError("the code refers to '" + *name + "', which is not part of it");
  return places[(*section)->getIndex()] + *value;
}

llvm::Error Linker::relocate(const RelocationRef &relocation, uint64_t section) {
  uint64_t type = relocation.getType();
  if (type != llvm::ELF::R_X86_64_PC32 && type != llvm::ELF::R_X86_64_PLT32)
    return llvm::createStringError("the code has a relocation of type " + llvm::Twine(type) +
                                   ", which is not position-independent");
  if (relocation.getSymbol() == file.symbol_end())
    return llvm::createStringError("the code has a relocation without a symbol");
  llvm::Expected<uint64_t> target = addressOf(*relocation.getSymbol());
  if (!target)
    return target.takeError();
  llvm::Expected<int64_t> addend = llvm::object::ELFRelocationRef(relocation).getAddend();
  if (!addend)
    return addend.takeError();
  uint64_t place = section + relocation.getOffset();
  int64_t value = int64_t(*target) + *addend - int64_t(place);
  if (place + 4 > image.size() || !llvm::isInt<32>(value))
    return llvm::createStringError("the code has a relocation out of range");
  llvm::support::endian::write32le(&image[place], uint32_t(value));
  return llvm::Error::success();
}

llvm::Error Linker::relocate() {
  for (const SectionRef &section : file.sections()) {
    auto relocated = section.getRelocatedSection();
    if (!relocated)
      return relocated.takeError();
    if (*relocated == file.section_end() || !places.contains((*relocated)->getIndex()))
      continue;
    for (const RelocationRef &relocation : section.relocations())
      if (llvm::Error error = relocate(relocation, places[(*relocated)->getIndex()]))
        return error;
  }
  return llvm::Error::success();
}

llvm::Expected<uint64_t> Linker::find(llvm::StringRef wanted) {
  for (const SymbolRef &symbol : file.symbols()) {
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    if (!name)
      return name.takeError();
    llvm::Expected<SymbolRef::Type> type = symbol.getType();
    if (!type)
      return type.takeError();
    if (*type == SymbolRef::ST_Function && *name == wanted)
      return addressOf(symbol);
  }
  return llvm::createStringError("the code does not define '" + wanted + "'");
}

llvm::Expected<uint64_t> tenon::linkObject(llvm::ArrayRef<char> object, llvm::StringRef symbol,
                                           std::vector<char> &image, uint64_t alignment) {
  llvm::MemoryBufferRef buffer(llvm::StringRef(object.data(), object.size()), "kernel");
  llvm::Expected<ELF64LEObjectFile> file = ELF64LEObjectFile::create(buffer);
  if (!file)
    return file.takeError();
  image.resize(llvm::alignTo(image.size(), alignment));
  Linker linker(*file, image);
  if (llvm::Error error = linker.placeSections())
    return error;
  if (llvm::Error error = linker.relocate())
    return error;
  return linker.find(symbol);
}
