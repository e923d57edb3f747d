--- handlers_utils.lua: Handlers.utils, ready-made patterns and handles.

-- What such a pattern asks for, so that the search need not call it.
tag_patterns = setmetatable({}, weak_keys)

k.tag_patterns = tag_patterns

k.handlers_utils = k.later({ _version = "0.0.2" }, "handlers_utils_more", {
  "hasMatchingTag", "hasMatchingTagOf", "hasMatchingData", "reply", "continue"
})
