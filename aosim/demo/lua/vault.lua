--- vault.lua: step 2 of redeeming gold. Burns the token, and only then lets the metal out.

Gold = Gold or ao.env.Process.Tags.Gold
Counter = Counter or nil -- told by the owner: the counter was made after the vault
Courier = Courier or ao.env.Process.Tags.Courier
Bars = Bars or 100000

Handlers.add("Set-Counter", { Action = "Set-Counter", From = Owner }, function(msg)
  Counter = msg.Tags.Counter
end)

local function is_deposit(msg)
  return msg.Action == "Credit-Notice" and msg.From == Gold and msg.Tags.Sender == Counter
end

Handlers.add("Release", is_deposit, function(msg)
  -- The rest of this function runs when the token has answered; other messages are handled meanwhile.
  local burned = ao.send({ Target = Gold, Action = "Burn", Quantity = msg.Tags.Quantity }).receive()
  Bars = Bars - tonumber(burned.Tags.Quantity)
  ao.send({
    Target = Courier,
    Action = "Deliver",
    Bars = burned.Tags.Quantity,
    Ticket = msg.Tags["X-Ticket"],
    Address = msg.Tags["X-Address"],
    ["Reply-To"] = Counter,
  })
end)
