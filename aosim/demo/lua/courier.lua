--- courier.lua: step 3 of redeeming gold. Carries bars to an address and says so.

Rounds = Rounds or 0 -- how often somebody set out
Delivered = Delivered or {} -- address -> bars

Handlers.add("Deliver", "Deliver", function(msg)
  -- Counted before the address is looked at. When the message fails, this is undone with all else.
  Rounds = Rounds + 1
  local street, number = (msg.Tags.Address or ""):match("^(.-)%s+(%d+)$")
  if not number then
    error("no house number in the address '" .. tostring(msg.Tags.Address) .. "'")
  end
  local address = street .. " " .. number
  Delivered[address] = (Delivered[address] or 0) + tonumber(msg.Tags.Bars)
  msg.reply({ Action = "Delivered", Ticket = msg.Tags.Ticket }) -- goes where Reply-To says: the counter
end)
