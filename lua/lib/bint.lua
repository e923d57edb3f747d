--- bint.lua: signed integers of a fixed size, two's complement, from require(".bint")(bits).
--- A number is a table of words, the lowest first; numbers are never changed once made.

local lib = ...
local raw = lib.raw
local error, getmetatable, math_type, setmetatable, to_number, type =
  raw.error, raw.getmetatable, raw.math.type, raw.setmetatable, raw.tonumber, raw.type
local math_abs, math_ceil, math_floor, math_max, math_min, to_integer =
  raw.math.abs, raw.math.ceil, raw.math.floor, raw.math.max, raw.math.min, raw.math.tointeger
local string_byte, string_char, string_find, string_format, string_lower, string_match, string_reverse, string_sub =
  raw.string.byte, raw.string.char, raw.string.find, raw.string.format, raw.string.lower, raw.string.match,
  raw.string.reverse, raw.string.sub
local table_concat = raw.table.concat

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

local function new_module(bits, word_bits)
  local size, mask = bits // word_bits, (1 << word_bits) - 1
  local sign = 1 << word_bits - 1

  local bint = { bits = bits }
  bint.__index = bint

  -- Making ---------------------------------------------------------------------------------------------

  local function isbint(x)
    return getmetatable(x) == bint
  end

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

  function bint.zero()
    return fill(0)
  end

  function bint.frominteger(x)
    local rest = to_integer(x)
    if not rest then
      return nil
    end
    local words, base = {}, 1 << word_bits
    for i = 1, size do
      words[i], rest = rest & mask, rest // base
    end
    return setmetatable(words, bint)
  end

  function bint.fromuinteger(x)
    local rest = to_integer(x)
    if not rest then
      return nil
    end
    local words = {}
    for i = 1, size do
      words[i], rest = rest & mask, rest >> word_bits
    end
    return setmetatable(words, bint)
  end

  local frominteger = bint.frominteger

  function bint.one()
    return frominteger(1)
  end

  function bint.frombase(text, base)
    base = base or 10
    if type(text) ~= "string" or not to_integer(base) or base < 2 or base > 36 then
      return nil
    end
    local minus, digits = string_match(string_lower(text), "^([+-]?)(%w+)$")
    if not digits then
      return nil
    end
    local _, step = chunk_of(base)
    local words = fill(0)
    for start = 1, #digits, step do
      local chunk = string_sub(digits, start, start + step - 1)
      local carry = to_number(chunk, base)
      if not carry then
        return nil
      end
      local factor = to_integer(base ^ #chunk)
      for i = 1, size do
        local value = words[i] * factor + carry
        words[i], carry = value & mask, value >> word_bits
      end
    end
    return minus == "-" and negated(words) or words
  end

  local frombase = bint.frombase

  function bint.fromstring(text)
    if type(text) ~= "string" then
      return nil
    elseif string_find(text, "^[+-]?%d+$") then
      return frombase(text, 10)
    end
    local minus, kind, digits = string_match(text, "^([+-]?)0([xXbB])(%x+)$")
    return digits and frombase(minus .. digits, string_lower(kind) == "x" and 16 or 2) or nil
  end

  --- The bytes of a text, lowest first; missing ones are 0, further ones are left out.
  function bint.fromle(text)
    if type(text) ~= "string" then
      fail(371, "buffer is not a string")
    end
    local words, bytes = {}, word_bits // 8
    for i = 1, size do
      local word = 0
      for place = 0, bytes - 1 do
        word = word | (string_byte(text, (i - 1) * bytes + place + 1) or 0) << place * 8
      end
      words[i] = word
    end
    return setmetatable(words, bint)
  end

  function bint.frombe(text)
    if type(text) ~= "string" then
      fail(401, "buffer is not a string")
    end
    return bint.fromle(string_reverse(text))
  end

  --- The bint a value stands for, or nothing. A bint is its own, unless a copy is asked for.
  function bint.tobint(x, clone)
    if getmetatable(x) == bint then
      return clone and copy(x) or x
    end
    local kind = type(x)
    if kind == "number" then
      return frominteger(x)
    elseif kind == "string" then
      return bint.fromstring(x)
    end
    return nil
  end

  local tobint = bint.tobint

  function bint.new(x)
    return tobint(x, true) or fail(787, "value cannot be represented by a bint")
  end

  function bint.parse(x, clone)
    return tobint(x, clone) or bint.tonumber(x)
  end

  local function need(x)
    return tobint(x) or fail(831, "value cannot be represented by a bint")
  end

  -- Turning into other things --------------------------------------------------------------------------

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

  --- The low 64 bits as an integer, or nil for what is no whole number.
  function bint.tointeger(x)
    local number = tobint(x)
    return number and low_word(number, true)
  end

  function bint.touinteger(x)
    local number = tobint(x)
    return number and low_word(number, false)
  end

  --- An integer where 64 bits hold the number, else the nearest float; nil for what is no number.
  function bint.tonumber(x)
    if not isbint(x) then
      return (type(x) == "number" or type(x) == "string") and to_number(x) or nil
    end
    local integer = low_word(x, true)
    return bits <= 64 and integer or equal(frominteger(integer), x) and integer or to_number(bint.tobase(x, 10))
  end

  -- aos: bases other than 10 show the two's complement unless told otherwise.
  function bint.tobase(x, base, unsigned)
    local number = tobint(x)
    base = base or 10
    if not number or not to_integer(base) or base < 2 or base > 36 then
      return nil
    end
    if unsigned == nil then
      unsigned = base ~= 10
    end
    local minus = not unsigned and is_negative(number)
    local rest, top = minus and negated(number) or copy(number), size
    local power, count = chunk_of(base)
    local chunks = {}
    repeat
      while top > 1 and rest[top] == 0 do
        top = top - 1
      end
      local remainder = 0
      for i = top, 1, -1 do
        local value = remainder << word_bits | rest[i]
        rest[i] = value // power
        remainder = value - rest[i] * power
      end
      chunks[#chunks + 1] = string_reverse(chunk_text(remainder, base, count))
    until top == 1 and rest[1] == 0
    local digits = string_match(string_reverse(table_concat(chunks)), "^0*(.+)$")
    return minus and "-" .. digits or digits
  end

  function bint.tole(x, trim)
    local number, bytes, n = need(x), {}, 0
    for i = 1, size do
      for place = 0, word_bits - 8, 8 do
        n = n + 1
        bytes[n] = string_char(number[i] >> place & 255)
      end
    end
    local text = table_concat(bytes)
    if trim then
      while n > 1 and string_byte(text, n) == 0 do
        n = n - 1
      end
    end
    return string_sub(text, 1, n)
  end

  function bint.tobe(x, trim)
    return string_reverse(bint.tole(x, trim))
  end

  function bint.__tostring(x)
    return bint.tobase(x, 10)
  end

  -- Asking ---------------------------------------------------------------------------------------------

  bint.isbint = isbint

  function bint.isintegral(x)
    return isbint(x) or math_type(x) == "integer"
  end

  function bint.isnumeric(x)
    return isbint(x) or type(x) == "number"
  end

  function bint.type(x)
    return isbint(x) and "bint" or math_type(x)
  end

  local function is_number(number)
    return function(x)
      return x == number or isbint(x) and equal(x, frominteger(number))
    end
  end

  bint.iszero, bint.isone, bint.isminusone = is_number(0), is_number(1), is_number(-1)

  function bint.isneg(x)
    if isbint(x) then
      return is_negative(x)
    end
    return x < 0
  end

  function bint.ispos(x)
    if isbint(x) then
      return not is_negative(x) and not bint.iszero(x)
    end
    return x > 0
  end

  function bint.iseven(x)
    if isbint(x) then
      return x[1] & 1 == 0
    end
    return math_abs(x) % 2 == 0
  end

  function bint.isodd(x)
    if isbint(x) then
      return x[1] & 1 == 1
    end
    return math_abs(x) % 2 == 1
  end

  -- Adding, multiplying, dividing ----------------------------------------------------------------------

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
    if is_negative(rest) ~= is_negative(y) and not bint.iszero(rest) then
      return subtracted(quotient, frominteger(1)), added(rest, y, 0)
    end
    return quotient, rest
  end

  function bint.idivmod(x, y)
    return i_divided(need(x), need(y))
  end

  -- Unsigned, and towards zero.
  for prefix, divided in raw.pairs({ u = u_divided, t = t_divided }) do
    bint[prefix .. "divmod"] = function(x, y)
      return divided(need(x), need(y))
    end
    bint[prefix .. "div"] = function(x, y)
      return (divided(need(x), need(y)))
    end
    bint[prefix .. "mod"] = function(x, y)
      local _, rest = divided(need(x), need(y))
      return rest
    end
  end

  -- Squaring and multiplying, every product reduced; the exponent counts as unsigned.
  local function power(x, y, reduce)
    local base, exponent, result = reduce(need(x)), need(y), reduce(frominteger(1))
    local _, count = digits_of(exponent)
    for i = 1, (count + 1) // 2 do
      local word = exponent[i]
      for _ = 1, word_bits do
        if word & 1 == 1 then
          result = reduce(multiplied(result, base))
        end
        word, base = word >> 1, reduce(multiplied(base, base))
      end
    end
    return result
  end

  function bint.ipow(x, y)
    return power(x, y, function(number) return number end)
  end

  function bint.upowmod(x, y, modulus)
    local by = need(modulus)
    return power(x, y, function(number) return bint.umod(number, by) end)
  end

  -- Bits -----------------------------------------------------------------------------------------------

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

  local function need_integer(x)
    return bint.tointeger(x) or fail(1711, "number has no integer representation")
  end

  function bint.__shl(x, y)
    return shifted(need(x), need_integer(y))
  end

  function bint.__shr(x, y)
    local places = need_integer(y)
    return shifted(need(x), -math_max(places, -bits))
  end

  local function bitwise(combine)
    return function(x, y)
      local a, b, words = need(x), need(y), {}
      for i = 1, size do
        words[i] = combine(a[i], b[i])
      end
      return setmetatable(words, bint)
    end
  end

  bint.__band = bitwise(function(a, b) return a & b end)
  bint.__bor = bitwise(function(a, b) return a | b end)
  bint.__bxor = bitwise(function(a, b) return a ~ b end)

  function bint.__bnot(x)
    return bint.__bxor(x, fill(mask))
  end

  function bint.brol(x, y)
    local number, places = need(x), need_integer(y) % bits
    return shifted(number, places) | shifted(number, places - bits)
  end

  function bint.bror(x, y)
    return bint.brol(x, -(need_integer(y) % bits))
  end

  --- The lowest y bits.
  function bint.bwrap(x, y)
    local places = need_integer(y)
    return need(x) & ~shifted(fill(mask), math_max(places, 0))
  end

  function bint.maxinteger()
    return ~bint.mininteger()
  end

  function bint.mininteger()
    return shifted(frominteger(1), bits - 1)
  end

  -- Operators ------------------------------------------------------------------------------------------

  local function need_number(x)
    return bint.tonumber(x) or fail(1501, "attempt to perform arithmetic on a " .. type(x) .. " value")
  end

  -- aos: with an operand that is no whole number the operation is that of floats.
  local function operator(on_bints, on_numbers)
    return function(x, y)
      local a, b = tobint(x), tobint(y)
      if a and b then
        return on_bints(a, b)
      end
      return on_numbers(need_number(x), need_number(y))
    end
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

  bint.__add = operator(function(x, y) return added(x, y, 0) end, function(x, y) return x + y end)
  bint.__sub = operator(subtracted, function(x, y) return x - y end)
  bint.__mul = operator(multiplied, function(x, y) return x * y end)
  bint.__idiv = operator(function(x, y) return (i_divided(x, y)) end, function(x, y) return x // y end)
  bint.__mod = operator(function(x, y)
    local _, rest = i_divided(x, y)
    return rest
  end, function(x, y) return x % y end)
  bint.__lt = operator(less, function(x, y) return x < y end)
  bint.__le = operator(function(x, y) return less(x, y, true) end, function(x, y) return x <= y end)
  bint.max = operator(function(x, y) return copy(less(x, y) and y or x) end, math_max)
  bint.min = operator(function(x, y) return copy(less(y, x) and y or x) end, math_min)

  function bint.__div(x, y)
    return need_number(x) / need_number(y)
  end

  function bint.__pow(x, y)
    return need_number(x) ^ need_number(y)
  end

  function bint.__unm(x)
    return negated(x)
  end

  function bint.__eq(x, y)
    return isbint(x) and isbint(y) and equal(x, y)
  end

  function bint.eq(x, y)
    local a, b = tobint(x), tobint(y)
    if a and b then
      return equal(a, b)
    end
    return x == y
  end

  function bint.ult(x, y)
    return u_less(need(x), need(y), false)
  end

  function bint.ule(x, y)
    return u_less(need(x), need(y), true)
  end

  function bint.inc(x)
    return bint.__add(x, 1)
  end

  function bint.dec(x)
    return bint.__sub(x, 1)
  end

  function bint.abs(x)
    local number = tobint(x)
    if not number then
      return math_abs(need_number(x))
    end
    return is_negative(number) and negated(number) or copy(number)
  end

  -- The whole number a number is rounded to, as a bint.
  local function rounded(round)
    return function(x)
      return tobint(x, true) or tobint(round(need_number(x)))
    end
  end

  bint.floor, bint.ceil = rounded(math_floor), rounded(math_ceil)
  bint.trunc = rounded(function(x) return x < 0 and math_ceil(x) or math_floor(x) end)

  return setmetatable(bint, {
    __call = function(_, x)
      return bint.new(x)
    end,
  })
end

-- One module for each size, so that numbers made in different places work together.
local modules = {}

return function(bits, word_bits)
  bits, word_bits = bits or 256, word_bits or 32
  if math_type(bits) ~= "integer" or math_type(word_bits) ~= "integer" or bits < 8 then
    fail(177, "bitsize must be an integer of at least 8")
  elseif word_bits < 8 or word_bits > 32 or word_bits % 8 ~= 0 then
    fail(179, "word bitsize must be 8, 16, 24 or 32")
  elseif bits % word_bits ~= 0 then
    fail(181, "bitsize is not multiple of word bitsize")
  end
  local key = bits << 6 | word_bits
  modules[key] = modules[key] or new_module(bits, word_bits)
  return modules[key]
end
