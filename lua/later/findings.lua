--- findings.lua: notes what docs fidelity let pass, for the host to show.

local k = ...
local sandbox, forgiven = k.sandbox, k.forgiven

k.forgiven_seen = k.forgiven_seen or {}
local seen = k.forgiven_seen

local findings = {}

--- Note something docs fidelity let pass, once per rule, place and name.
function findings.forgive(rule, name, detail, place)
  place = place or sandbox.where() or k.pattern_places[k.current_pattern] or "?"
  local key = rule .. "\0" .. place .. "\0" .. name
  if not seen[key] then
    seen[key] = true
    local n = #forgiven
    forgiven[n + 1], forgiven[n + 2], forgiven[n + 3] = rule, place, detail
  end
end

--- A field or tag was found by another spelling.
function findings.forgive_camel(key, name)
  findings.forgive("camel-tag", key, key .. " is " .. name .. " on the network")
end

return findings
