--- token.lua: a fungible token, with amounts of any size (".bint") and a notice to both sides of a transfer.

local bint = require(".bint")(256)

Balances = Balances or { [Owner] = "1000000" }
Ticker = Ticker or "EXMP"

-- Amounts travel and are kept as text: numbers lose digits beyond 2^53.
local function amount_of(text)
  local amount = text and text:match("^%d+$") and bint(text)
  assert(amount and bint.__lt(0, amount), "Quantity must be a whole number above 0, got '" .. tostring(text) .. "'")
  return amount
end

local function balance_of(holder)
  return bint(Balances[holder] or "0")
end

Handlers.add("Info", "Info", function(msg)
  msg.reply({ Ticker = Ticker, Denomination = "0" })
end)

Handlers.add("Balance", "Balance", function(msg)
  local holder = msg.Tags.Recipient or msg.From
  msg.reply({ Action = "Balance-Notice", Account = holder, Balance = Balances[holder] or "0" })
end)

Handlers.add("Transfer", "Transfer", function(msg)
  local amount, recipient = amount_of(msg.Tags.Quantity), msg.Tags.Recipient
  assert(recipient, "Recipient is missing")
  local left = balance_of(msg.From) - amount
  if bint.__lt(left, 0) then
    msg.reply({ Action = "Transfer-Error", Error = "Insufficient balance" })
    return
  end
  Balances[msg.From] = tostring(left)
  Balances[recipient] = tostring(balance_of(recipient) + amount)
  msg.reply({ Action = "Debit-Notice", Recipient = recipient, Quantity = tostring(amount) })
  ao.send({ Target = recipient, Action = "Credit-Notice", Sender = msg.From, Quantity = tostring(amount) })
end)
