-- Keeps subscribers by topic and passes on to them what is published.
Subscribers = Subscribers or {}

Handlers.add("Subscribe", Handlers.utils.hasMatchingTag("Action", "Subscribe"), function(msg)
  local topic = msg.Tags.Topic
  Subscribers[topic] = Subscribers[topic] or {}
  table.insert(Subscribers[topic], msg.From)
  ao.send({ Target = msg.From, Data = "Subscribed to " .. topic })
end)

Handlers.add("Publish", Handlers.utils.hasMatchingTag("Action", "Publish"), function(msg)
  local topic = msg.Tags.Topic
  for _, subscriber in ipairs(Subscribers[topic] or {}) do
    ao.send({
      Target = subscriber,
      Action = "Message",
      Topic = topic,
      Publisher = msg.From,
      Data = msg.Data,
      Timestamp = tostring(msg.Timestamp)
    })
  end
  ao.send({ Target = msg.From, Data = "Published" })
end)
