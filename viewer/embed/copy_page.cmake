# Makes BUILD, but for what npm put there, equal to the page's SOURCE: files that are gone go here too.
file(GLOB old ${BUILD}/*)
list(FILTER old EXCLUDE REGEX "/(node_modules|packages\\.stamp|package\\.json|package-lock\\.json)$")
if(old)
  file(REMOVE_RECURSE ${old})
endif()
file(COPY ${SOURCE}/ DESTINATION ${BUILD} PATTERN node_modules EXCLUDE PATTERN dist EXCLUDE)
