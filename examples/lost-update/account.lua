-- An account that tells its balance and has it set. A message that comes twice is answered once.
Balance = Balance or 0
Seen = Seen or {}

local function first_time(msg)
  local first = not Seen[msg.Id]
  Seen[msg.Id] = true
  return first
end

Handlers.add("Get", "Get", function(msg)
  if first_time(msg) then
    msg.reply({ Action = "Value", Number = msg.Number, Balance = tostring(Balance) })
  end
end)

Handlers.add("Set", "Set", function(msg)
  if first_time(msg) then
    Balance = math.tointeger(tonumber(msg.Balance))
    msg.reply({ Action = "Set-Done", Number = msg.Number })
  end
end)
