-- A bank that does each order once, however often it hears of it.
Balance = Balance or 0
Receipts = Receipts or {}

Handlers.add("Deposit", "Deposit", function(msg)
  local order = msg.Tags.Order
  if not Receipts[order] then
    Balance = Balance + tonumber(msg.Tags.Quantity)
    Receipts[order] = tostring(Balance)
  end
  msg.reply({ Action = "Receipt", Order = order, Balance = Receipts[order] })
end)
