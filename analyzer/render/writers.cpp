#include "analyzer/render/writers.h"

namespace heapscribe::render {

void write(std::ostream& out, const Document& document, Format format) {
  switch (format) {
    case Format::Text:
      return write_text(out, document);
    case Format::Json:
      return write_json(out, document);
    case Format::Csv:
      return write_csv(out, document);
    case Format::Markdown:
      return write_markdown(out, document);
  }
}

bool leaves_out_notes(const Document& document, Format format) {
  return format == Format::Csv || (format == Format::Json && document.shape == DataShape::Array);
}

}  // namespace heapscribe::render
