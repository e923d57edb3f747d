--- bint_products.lua: the product of two numbers of eight words of 32 bits, the size that balances have.
--
-- The school method, a row for each word of x, written out: words in locals take half the time of words in tables.

local setmetatable = (...).raw.setmetatable

--- The function that multiplies numbers of a module.
return function(bint)
  return function(x, y)
    local y1, y2, y3, y4, y5, y6, y7, y8 = y[1], y[2], y[3], y[4], y[5], y[6], y[7], y[8]
    local f = x[1]
    local p = f * y1
    local r1 = p & 0xffffffff
    p = f * y2 + (p >> 32)
    local r2 = p & 0xffffffff
    p = f * y3 + (p >> 32)
    local r3 = p & 0xffffffff
    p = f * y4 + (p >> 32)
    local r4 = p & 0xffffffff
    p = f * y5 + (p >> 32)
    local r5 = p & 0xffffffff
    p = f * y6 + (p >> 32)
    local r6 = p & 0xffffffff
    p = f * y7 + (p >> 32)
    local r7 = p & 0xffffffff
    p = f * y8 + (p >> 32)
    local r8 = p & 0xffffffff
    f = x[2]
    if f ~= 0 then
      p = f * y1 + r2
      r2 = p & 0xffffffff
      p = f * y2 + r3 + (p >> 32)
      r3 = p & 0xffffffff
      p = f * y3 + r4 + (p >> 32)
      r4 = p & 0xffffffff
      p = f * y4 + r5 + (p >> 32)
      r5 = p & 0xffffffff
      p = f * y5 + r6 + (p >> 32)
      r6 = p & 0xffffffff
      p = f * y6 + r7 + (p >> 32)
      r7 = p & 0xffffffff
      p = f * y7 + r8 + (p >> 32)
      r8 = p & 0xffffffff
    end
    f = x[3]
    if f ~= 0 then
      p = f * y1 + r3
      r3 = p & 0xffffffff
      p = f * y2 + r4 + (p >> 32)
      r4 = p & 0xffffffff
      p = f * y3 + r5 + (p >> 32)
      r5 = p & 0xffffffff
      p = f * y4 + r6 + (p >> 32)
      r6 = p & 0xffffffff
      p = f * y5 + r7 + (p >> 32)
      r7 = p & 0xffffffff
      p = f * y6 + r8 + (p >> 32)
      r8 = p & 0xffffffff
    end
    f = x[4]
    if f ~= 0 then
      p = f * y1 + r4
      r4 = p & 0xffffffff
      p = f * y2 + r5 + (p >> 32)
      r5 = p & 0xffffffff
      p = f * y3 + r6 + (p >> 32)
      r6 = p & 0xffffffff
      p = f * y4 + r7 + (p >> 32)
      r7 = p & 0xffffffff
      p = f * y5 + r8 + (p >> 32)
      r8 = p & 0xffffffff
    end
    f = x[5]
    if f ~= 0 then
      p = f * y1 + r5
      r5 = p & 0xffffffff
      p = f * y2 + r6 + (p >> 32)
      r6 = p & 0xffffffff
      p = f * y3 + r7 + (p >> 32)
      r7 = p & 0xffffffff
      p = f * y4 + r8 + (p >> 32)
      r8 = p & 0xffffffff
    end
    f = x[6]
    if f ~= 0 then
      p = f * y1 + r6
      r6 = p & 0xffffffff
      p = f * y2 + r7 + (p >> 32)
      r7 = p & 0xffffffff
      p = f * y3 + r8 + (p >> 32)
      r8 = p & 0xffffffff
    end
    f = x[7]
    if f ~= 0 then
      p = f * y1 + r7
      r7 = p & 0xffffffff
      p = f * y2 + r8 + (p >> 32)
      r8 = p & 0xffffffff
    end
    f = x[8]
    if f ~= 0 then
      p = f * y1 + r8
      r8 = p & 0xffffffff
    end
    return setmetatable({ r1, r2, r3, r4, r5, r6, r7, r8 }, bint)
  end
end
