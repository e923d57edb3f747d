--- feed.lua: publish and subscribe. Whoever subscribes to a topic gets what is published on it.

Subscribers = Subscribers or {} -- topic -> list of addresses, in the order in which they came
Publishers = Publishers or {} -- address -> true
Published = Published or 0

local function position(list, address)
  for at, each in ipairs(list) do
    if each == address then
      return at
    end
  end
end

Handlers.add("Subscribe", "Subscribe", function(msg)
  local topic = assert(msg.Tags.Topic, "Topic is missing")
  local list = Subscribers[topic] or {}
  Subscribers[topic] = list
  if not position(list, msg.From) then
    list[#list + 1] = msg.From
  end
  msg.reply({ Action = "Subscribed", Topic = topic })
end)

Handlers.add("Unsubscribe", "Unsubscribe", function(msg)
  local list = Subscribers[msg.Tags.Topic] or {}
  local at = position(list, msg.From)
  if at then
    table.remove(list, at)
  end
  msg.reply({ Action = "Unsubscribed", Topic = msg.Tags.Topic })
end)

Handlers.add("Allow", { Action = "Allow-Publisher", From = Owner }, function(msg)
  Publishers[msg.Tags.Publisher] = true
end)

Handlers.add("Publish", "Publish", function(msg)
  assert(Publishers[msg.From], "only publishers publish; the owner names them with Allow-Publisher")
  Published = Published + 1
  for _, address in ipairs(Subscribers[msg.Tags.Topic] or {}) do
    ao.send({
      Target = address,
      Action = "Published",
      Topic = msg.Tags.Topic,
      Price = msg.Tags.Price,
      Quantity = msg.Tags.Quantity,
      Trade = msg.Tags.Trade,
    })
  end
end)
