-- A till: what is paid in, it adds to the balance of an account. It asks for the balance, adds and sets it, one payment
-- after the other; nobody else sets it.
Waiting = Waiting or {} -- payments that have not begun
State = State or "idle" -- or "asked", or "set"
Number = Number or 0 -- of the payment that it is at
Seen = Seen or {}

local function next_payment()
  State = "idle"
  if #Waiting > 0 then
    State, Number = "asked", Number + 1
    ao.send({ Target = ao.env.Process.Tags.Account, Action = "Get", Number = tostring(Number) })
  end
end

Handlers.add("Pay-In", "Pay-In", function(msg)
  if Seen[msg.Id] then
    return
  end
  Seen[msg.Id] = true
  table.insert(Waiting, tonumber(msg.Quantity))
  if State == "idle" then
    next_payment()
  end
end)

Handlers.add("Value", "Value", function(msg)
  if State == "asked" then -- the bug: nobody looks whether it is the answer to what was asked
    State = "set"
    local balance = tostring(tonumber(msg.Balance) + table.remove(Waiting, 1) | 0)
    ao.send({ Target = msg.From, Action = "Set", Number = tostring(Number), Balance = balance })
  end
end)

Handlers.add("Set-Done", "Set-Done", function(msg)
  if State == "set" and msg.Number == tostring(Number) then
    next_payment()
  end
end)
