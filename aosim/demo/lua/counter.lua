--- counter.lua: step 1 of redeeming gold. Takes the gold, opens a ticket, hands both to the vault.

Gold = Gold or ao.env.Process.Tags.Gold
Vault = Vault or ao.env.Process.Tags.Vault
Tickets = Tickets or {} -- number -> { owner, quantity, state }

local function is_gold(msg)
  return msg.Action == "Credit-Notice" and msg.From == Gold
end

Handlers.add("Open", is_gold, function(msg)
  local number = #Tickets + 1
  Tickets[number] = { owner = msg.Tags.Sender, quantity = tonumber(msg.Tags.Quantity), state = "open" }
  ao.send({
    Target = Gold,
    Action = "Transfer",
    Recipient = Vault,
    Quantity = msg.Tags.Quantity,
    ["X-Ticket"] = tostring(number),
    ["X-Address"] = msg.Tags["X-Address"],
  })
end)

Handlers.add("Done", { Action = "Delivered", Ticket = "_" }, function(msg)
  local ticket = assert(Tickets[tonumber(msg.Tags.Ticket)], "no ticket " .. msg.Tags.Ticket)
  ticket.state = "done"
  ao.send({ Target = ticket.owner, Action = "Redeemed", Ticket = msg.Tags.Ticket })
end)

Handlers.add("Debit-Notice", "Debit-Notice", function() end)
