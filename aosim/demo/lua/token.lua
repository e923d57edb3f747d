--- token.lua: a token. Balances move by Transfer; both sides are told; what is burned is gone.

local json = require("json")

Name = Name or ao.env.Process.Tags.Name
Ticker = Ticker or ao.env.Process.Tags.Ticker
Supply = Supply or math.tointeger(tonumber(ao.env.Process.Tags.Supply))
Balances = Balances or { [Owner] = Supply }

-- Quantities travel as text; "2.5", "-1" and "ten" are refused here, once for all handlers.
local function quantity_of(msg)
  local quantity = math.tointeger(tonumber(msg.Tags.Quantity))
  assert(quantity and quantity > 0, "Quantity must be a whole number above 0, got " .. tostring(msg.Tags.Quantity))
  return quantity
end

-- Takes from a balance; false when there is not enough.
local function take(holder, quantity)
  local held = Balances[holder] or 0
  if held < quantity then
    return false
  end
  -- A balance of 0 is no entry: the table does not grow with everybody who ever held something.
  Balances[holder] = held > quantity and held - quantity or nil
  return true
end

-- What the sender wrote into X- tags (what a payment is for) goes along to the receiver.
local function with_notes(notice, tags)
  for name, value in pairs(tags) do
    if name:sub(1, 2) == "X-" then
      notice[name] = value
    end
  end
  return notice
end

Handlers.add("Info", "Info", function(msg)
  msg.reply({ Name = Name, Ticker = Ticker, Supply = tostring(Supply) })
end)

Handlers.add("Balance", "Balance", function(msg)
  local holder = msg.Tags.Recipient or msg.From
  msg.reply({ Ticker = Ticker, Account = holder, Balance = tostring(Balances[holder] or 0) })
end)

Handlers.add("Balances", "Balances", function(msg)
  msg.reply({ Ticker = Ticker, Data = json.encode(Balances) })
end)

Handlers.add("Transfer", "Transfer", function(msg)
  local quantity, recipient = quantity_of(msg), msg.Tags.Recipient
  assert(recipient, "Recipient is missing")
  if not take(msg.From, quantity) then
    msg.reply({ Action = "Transfer-Error", Error = "Insufficient balance of " .. Ticker })
    return
  end
  Balances[recipient] = (Balances[recipient] or 0) + quantity
  ao.send({ Target = msg.From, Action = "Debit-Notice", Recipient = recipient, Quantity = tostring(quantity) })
  ao.send(with_notes({
    Target = recipient,
    Action = "Credit-Notice",
    Sender = msg.From,
    Quantity = tostring(quantity),
  }, msg.Tags))
end)

Handlers.add("Burn", "Burn", function(msg)
  local quantity = quantity_of(msg)
  assert(take(msg.From, quantity), "Insufficient balance of " .. Ticker)
  Supply = Supply - quantity
  msg.reply({ Action = "Burned", Quantity = tostring(quantity) })
end)
