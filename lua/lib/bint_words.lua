--- bint_words.lua: arithmetic on the words of signed integers of a fixed size, for bint.lua alone.
--- Numbers are tables of words, the lowest first, with the metatable of their module; they are never changed once made.

local lib = ...
local raw = lib.raw
local error, setmetatable, to_integer = raw.error, raw.setmetatable, raw.math.tointeger
local math_min, string_format, string_sub, table_concat =
  raw.math.min, raw.string.format, raw.string.sub, raw.table.concat

local DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

-- aos: errors carry the position in the library's own file, which is not compared.
local function fail(line, text)
  return error('[string ".bint"]:' .. line .. ": " .. text, 0)
end

-- The largest power of a base that a word times it still fits 63 bits with, and its exponent.
local function chunk_of(base)
  local power, count = base, 1
  while power * base <= 1 << 30 do
    power, count = power * base, count + 1
  end
  return power, count
end

-- The digits of a chunk, filled with zeros to count of them.
local function chunk_text(value, base, count)
  if base == 10 then
    return string_format("%0" .. count .. "d", value)
  end
  local digits = {}
  for place = count, 1, -1 do
    local digit = value % base + 1
    digits[place] = string_sub(DIGITS, digit, digit)
    value = value // base
  end
  return table_concat(digits)
end

-- Quotient and remainder of digit lists in base 2^bits (bits <= 31), lowest first; v has n >= 2 digits, the
-- last not 0. The school method: guess a digit from the leading ones, correct it, subtract. u is used up.
local function long_division(u, u_count, v, n, bits)
  local base, mask = 1 << bits, (1 << bits) - 1
  local shift, top = 0, v[n]
  while top << shift < base >> 1 do
    shift = shift + 1
  end
  local divisor, carry = {}, 0
  for i = 1, n do
    divisor[i] = (v[i] << shift | carry) & mask
    carry = v[i] >> bits - shift
  end
  carry = 0
  for i = 1, u_count do
    u[i], carry = (u[i] << shift | carry) & mask, u[i] >> bits - shift
  end
  u[u_count + 1] = carry
  local high, second, quotient = divisor[n], divisor[n - 1], {}
  for j = u_count - n + 1, 1, -1 do
    local leading = u[j + n] << bits | u[j + n - 1]
    local digit = leading // high
    local rest = leading - digit * high
    while digit >= base or digit * second > (rest << bits | u[j + n - 2]) do
      digit, rest = digit - 1, rest + high
      if rest >= base then
        break
      end
    end
    local borrow = 0
    for i = 1, n do
      local value = u[i + j - 1] - digit * divisor[i] - borrow
      u[i + j - 1] = value & mask
      borrow = -(value // base)
    end
    local value = u[j + n] - borrow
    u[j + n] = value & mask
    if value < 0 then -- the guess was one too large
      digit, carry = digit - 1, 0
      for i = 1, n do
        local sum = u[i + j - 1] + divisor[i] + carry
        u[i + j - 1], carry = sum & mask, sum >> bits
      end
      u[j + n] = (u[j + n] + carry) & mask
    end
    quotient[j] = digit
  end
  for i = 1, n do
    u[i] = (u[i] >> shift | u[i + 1] << bits - shift) & mask
  end
  return quotient, u
end

--- What the module `bint` of numbers of so many bits is made with.
local function new_words(bint, bits, word_bits)
  local size, mask = bits // word_bits, (1 << word_bits) - 1
  local sign = 1 << word_bits - 1

  local function fill(word)
    local words = {}
    for i = 1, size do
      words[i] = word
    end
    return setmetatable(words, bint)
  end

  local function copy(x)
    local words = {}
    for i = 1, size do
      words[i] = x[i]
    end
    return setmetatable(words, bint)
  end

  local function is_negative(x)
    return x[size] & sign ~= 0
  end

  local function equal(x, y)
    for i = 1, size do
      if x[i] ~= y[i] then
        return false
      end
    end
    return true
  end

  local function negated(x)
    local words, carry = {}, 1
    for i = 1, size do
      local word = (~x[i] & mask) + carry
      words[i], carry = word & mask, word >> word_bits
    end
    return setmetatable(words, bint)
  end

  local function frominteger(x)
    local rest = to_integer(x)
    if not rest then
      return
    end
    local words, base = {}, 1 << word_bits
    for i = 1, size do
      words[i], rest = rest & mask, rest // base
    end
    return setmetatable(words, bint)
  end

  local function fromuinteger(x)
    local rest = to_integer(x)
    if not rest then
      return
    end
    local words = {}
    for i = 1, size do
      words[i], rest = rest & mask, rest >> word_bits
    end
    return setmetatable(words, bint)
  end

  local function low_word(x, extend)
    local value, width = 0, 0
    for i = 1, size do
      value = value | x[i] << width
      width = width + word_bits
      if width >= 64 then
        return value
      end
    end
    return extend and is_negative(x) and value | -1 << bits or value
  end

  local function added(x, y, carry)
    local words = {}
    for i = 1, size do
      local word = x[i] + y[i] + carry
      words[i], carry = word & mask, word >> word_bits
    end
    return setmetatable(words, bint)
  end

  local function subtracted(x, y)
    local words, borrow = {}, 0
    for i = 1, size do
      local word = x[i] - y[i] - borrow
      words[i], borrow = word & mask, word < 0 and 1 or 0
    end
    return setmetatable(words, bint)
  end

  -- A product, a word already there and a carry fit 64 bits exactly, unsigned.
  local function multiplied(x, y)
    local words, y_size = fill(0), size
    while y_size > 0 and y[y_size] == 0 do
      y_size = y_size - 1
    end
    for i = 1, size do
      local factor, carry = x[i], 0
      if factor ~= 0 then
        local last = math_min(y_size, size + 1 - i)
        for j = 1, last do
          local value = factor * y[j] + words[i + j - 1] + carry
          words[i + j - 1], carry = value & mask, value >> word_bits
        end
        if i + last <= size then
          words[i + last] = carry -- nothing has reached this word yet
        end
      end
    end
    return words
  end

  if size == 8 and word_bits == 32 then
    multiplied = lib.file("bint_products")(bint)
  end

  -- Half words are digits small enough for the long division; count reaches to the last that is not 0.
  local half, half_mask = word_bits // 2, (1 << word_bits // 2) - 1

  local function digits_of(x)
    local digits, count = {}, 0
    for i = 1, size do
      digits[i * 2 - 1], digits[i * 2] = x[i] & half_mask, x[i] >> half
      count = x[i] > half_mask and i * 2 or x[i] > 0 and i * 2 - 1 or count
    end
    return digits, count
  end

  local function words_of(digits)
    local words = {}
    for i = 1, size do
      words[i] = (digits[i * 2 - 1] or 0) | (digits[i * 2] or 0) << half
    end
    return setmetatable(words, bint)
  end

  local function divided_by_word(x, divisor)
    local words, rest = fill(0), 0
    for i = size, 1, -1 do
      local value = rest << word_bits | x[i]
      words[i] = value // divisor
      rest = value - words[i] * divisor
    end
    return words, frominteger(rest)
  end

  local function u_divided(x, y)
    local v, v_count = digits_of(y)
    if v_count == 0 then
      fail(1401, "attempt to divide by zero")
    elseif v_count == 1 then
      return divided_by_word(x, v[1])
    end
    local u, u_count = digits_of(x)
    if u_count < v_count then
      return fill(0), copy(x)
    end
    local quotient, rest = long_division(u, u_count, v, v_count, half)
    for i = v_count + 1, #rest do
      rest[i] = 0
    end
    return words_of(quotient), words_of(rest)
  end

  local function t_divided(x, y)
    local x_minus, y_minus = is_negative(x), is_negative(y)
    local quotient, rest = u_divided(x_minus and negated(x) or x, y_minus and negated(y) or y)
    return x_minus ~= y_minus and negated(quotient) or quotient, x_minus and negated(rest) or rest
  end

  local function i_divided(x, y)
    local quotient, rest = t_divided(x, y)
    if is_negative(rest) ~= is_negative(y) and not equal(rest, fill(0)) then
      return subtracted(quotient, frominteger(1)), added(rest, y, 0)
    end
    return quotient, rest
  end

  -- Towards the high end; bits shifted out are lost, also those of the sign.
  local function shifted(x, places)
    local words = fill(0)
    if places >= bits or places <= -bits then
      return words
    end
    local skip, rest = places // word_bits, places % word_bits
    for i = 1, size do
      local high, low = x[i - skip] or 0, x[i - skip - 1] or 0
      words[i] = (high << rest | low >> word_bits - rest) & mask
    end
    return words
  end

  local function u_less(x, y, or_equal)
    for i = size, 1, -1 do
      if x[i] ~= y[i] then
        return x[i] < y[i]
      end
    end
    return or_equal
  end

  local function less(x, y, or_equal)
    local x_minus = is_negative(x)
    if x_minus ~= is_negative(y) then
      return x_minus
    end
    return u_less(x, y, or_equal)
  end

  return {
    fill = fill, copy = copy, is_negative = is_negative, equal = equal, negated = negated, frominteger = frominteger,
    fromuinteger = fromuinteger, low_word = low_word, added = added, subtracted = subtracted, multiplied = multiplied,
    digits_of = digits_of, u_divided = u_divided, t_divided = t_divided, i_divided = i_divided, shifted = shifted,
    u_less = u_less, less = less,
  }
end

return { new = new_words, fail = fail, chunk_of = chunk_of, chunk_text = chunk_text }
