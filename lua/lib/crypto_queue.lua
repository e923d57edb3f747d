--- crypto_queue.lua: crypto.utils.queue: first in, first out.

--- A new queue. Head and tail count what went in and what came out since it was made or reset.
local function queue()
  local items, head, tail = {}, 0, 0

  return {
    push = function(item)
      items[head] = item
      head = head + 1
    end,
    --- The oldest item, or nil when there is none.
    pop = function()
      if tail == head then
        return nil
      end
      local item = items[tail]
      items[tail] = nil
      tail = tail + 1
      return item
    end,
    size = function()
      return head - tail
    end,
    reset = function()
      items, head, tail = {}, 0, 0
    end,
    getHead = function()
      return head
    end,
    getTail = function()
      return tail
    end,
  }
end

return { queue = queue }
