--- faucet.lua: gives credits away, to each wallet once in so many seconds.

Credits = Credits or ao.env.Process.Tags.Credits
Given = Given or {} -- address -> when, in milliseconds
Drip = Drip or "2000"

local WAIT_MS = 10 * 1000 -- os.time() is in milliseconds on AO

Handlers.add("Drip", "Drip", function(msg)
  local now, last = os.time(), Given[msg.From]
  if last and now - last < WAIT_MS then
    msg.reply({ Action = "Drip-Refused", Wait = tostring(WAIT_MS - (now - last)) })
    return
  end
  Given[msg.From] = now
  ao.send({ Target = Credits, Action = "Transfer", Recipient = msg.From, Quantity = Drip })
end)

Handlers.add("Credit-Notice", "Credit-Notice", function() end)
Handlers.add("Debit-Notice", "Debit-Notice", function() end)

-- An empty faucet is a fact to be seen, not an error of whoever asked.
Handlers.add("Empty", "Transfer-Error", function(msg)
  print("the faucet is empty: " .. msg.Tags.Error)
end)
