-- A till that sends an order to the bank again and again until it has the receipt.
Open = Open or {}

local function send(order)
  Send({ Target = Bank, Action = "Deposit", Order = order, Quantity = Open[order] })
end

Handlers.add("Sale", "Sale", function(msg)
  Bank = msg.Tags.Bank
  Open[msg.Tags.Order] = msg.Tags.Quantity
  send(msg.Tags.Order)
end)

Handlers.add("Receipt", "Receipt", function(msg)
  Open[msg.Tags.Order] = nil
end)

Handlers.add("Try-Again", "Try-Again", function()
  local late = {}
  for order in pairs(Open) do
    late[#late + 1] = order
  end
  table.sort(late)
  for _, order in ipairs(late) do
    send(order)
  end
end)
