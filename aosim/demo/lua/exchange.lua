--- exchange.lua: an order book, gold against credits. An order is a payment with an X-Price.
-- Paying credits bids for gold, paying gold asks for credits. Best price first, at one price the
-- oldest first; a trade happens at the price of the order that was there before.

Gold = Gold or ao.env.Process.Tags.Gold
Credits = Credits or ao.env.Process.Tags.Credits
Feed = Feed or ao.env.Process.Tags.Feed

Bids = Bids or {} -- each { id, owner, price, quantity }; quantity in gold
Asks = Asks or {}
Orders = Orders or 0
Trades = Trades or 0
LastPrice = LastPrice or nil

local function higher(a, b)
  return a > b
end

local function lower(a, b)
  return a < b
end

local function pay(token, recipient, quantity, note)
  if quantity > 0 then
    ao.send({
      Target = token,
      Action = "Transfer",
      Recipient = recipient,
      Quantity = tostring(quantity),
      ["X-Note"] = note,
    })
  end
end

local function insert(book, order, better)
  local at = #book + 1
  while at > 1 and better(order.price, book[at - 1].price) do
    at = at - 1
  end
  table.insert(book, at, order)
end

local function trade(bid, ask, price, quantity)
  pay(Gold, bid.owner, quantity, "bought")
  pay(Credits, ask.owner, quantity * price, "sold")
  pay(Credits, bid.owner, quantity * (bid.price - price), "cheaper than bid")
  bid.quantity = bid.quantity - quantity
  ask.quantity = ask.quantity - quantity
  Trades = Trades + 1
  LastPrice = price
  ao.send({
    Target = Feed,
    Action = "Publish",
    Topic = "gold",
    Price = tostring(price),
    Quantity = tostring(quantity),
    Trade = tostring(Trades),
  })
end

local function fill_bid(bid)
  while bid.quantity > 0 and Asks[1] and Asks[1].price <= bid.price do
    local ask = Asks[1]
    trade(bid, ask, ask.price, math.min(bid.quantity, ask.quantity))
    if ask.quantity == 0 then
      table.remove(Asks, 1)
    end
  end
  if bid.quantity > 0 then
    insert(Bids, bid, higher)
  end
end

local function fill_ask(ask)
  while ask.quantity > 0 and Bids[1] and Bids[1].price >= ask.price do
    local bid = Bids[1]
    trade(bid, ask, bid.price, math.min(bid.quantity, ask.quantity))
    if bid.quantity == 0 then
      table.remove(Bids, 1)
    end
  end
  if ask.quantity > 0 then
    insert(Asks, ask, lower)
  end
end

local function new_order(owner, price, quantity)
  Orders = Orders + 1
  return { id = Orders, owner = owner, price = price, quantity = quantity }
end

-- Only the two tokens are believed: anybody can write Action = "Credit-Notice".
local function is_payment(msg)
  return msg.Action == "Credit-Notice" and (msg.From == Gold or msg.From == Credits)
end

Handlers.add("Order", is_payment, function(msg)
  local paid, trader = math.tointeger(tonumber(msg.Tags.Quantity)), msg.Tags.Sender
  local price = math.tointeger(tonumber(msg.Tags["X-Price"]))
  if not price or price < 1 then
    pay(msg.From, trader, paid, "an order needs an X-Price of 1 or more")
    return
  end
  if msg.From == Gold then
    fill_ask(new_order(trader, price, paid))
    return
  end
  local quantity = paid // price
  pay(Credits, trader, paid - quantity * price, "change")
  if quantity > 0 then
    fill_bid(new_order(trader, price, quantity))
  end
end)

-- Takes an owner's orders out of a book; returns how many, and what was still paid in for them.
local function withdraw(book, owner, paid_for)
  local count, paid = 0, 0
  for at = #book, 1, -1 do -- backwards, so that removing does not skip any
    if book[at].owner == owner then
      paid = paid + paid_for(table.remove(book, at))
      count = count + 1
    end
  end
  return count, paid
end

Handlers.add("Cancel", "Cancel", function(msg)
  local bids, credits = withdraw(Bids, msg.From, function(bid) return bid.quantity * bid.price end)
  local asks, gold = withdraw(Asks, msg.From, function(ask) return ask.quantity end)
  pay(Credits, msg.From, credits, "cancelled")
  pay(Gold, msg.From, gold, "cancelled")
  msg.reply({ Action = "Cancelled", Count = tostring(bids + asks) })
end)

Handlers.add("Price", "Price", function(msg)
  msg.reply({ Bid = Bids[1] and tostring(Bids[1].price), Ask = Asks[1] and tostring(Asks[1].price) })
end)

-- Tokens tell the payer as well; the books know already.
Handlers.add("Debit-Notice", "Debit-Notice", function() end)
