#include "analyzer/render/short_name.h"

#include "analyzer/model/stable_name.h"
#include "analyzer/render/printable.h"

namespace heapscribe::render {

std::string short_name(std::string_view function) {
  return model::name_without_arguments(printable(model::longest_readable(function)));
}

}  // namespace heapscribe::render
