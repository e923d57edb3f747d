--- bint.lua: signed integers of a fixed size, two's complement, from require(".bint")(bits).
--- A number is a table of words, the lowest first; numbers are never changed once made.

local lib = ...
local raw = lib.raw
local getmetatable, math_type, setmetatable, to_number, type =
  raw.getmetatable, raw.math.type, raw.setmetatable, raw.tonumber, raw.type
local math_abs, math_ceil, math_floor, math_max, math_min, to_integer =
  raw.math.abs, raw.math.ceil, raw.math.floor, raw.math.max, raw.math.min, raw.math.tointeger
local string_byte, string_char, string_find, string_lower, string_match, string_reverse, string_sub =
  raw.string.byte, raw.string.char, raw.string.find, raw.string.lower, raw.string.match, raw.string.reverse,
  raw.string.sub
local table_concat = raw.table.concat
local parts = lib.file("bint_words")
local fail, chunk_of, chunk_text = parts.fail, parts.chunk_of, parts.chunk_text

local function new_module(bits, word_bits)
  local size, mask = bits // word_bits, (1 << word_bits) - 1
  local bint = { bits = bits }
  bint.__index = bint

  local own = parts.new(bint, bits, word_bits)
  local fill, copy, equal, is_negative, negated = own.fill, own.copy, own.equal, own.is_negative, own.negated
  local added, subtracted, multiplied, shifted = own.added, own.subtracted, own.multiplied, own.shifted
  local u_divided, t_divided, i_divided, low_word = own.u_divided, own.t_divided, own.i_divided, own.low_word
  local u_less, less, digits_of, frominteger = own.u_less, own.less, own.digits_of, own.frominteger
  bint.frominteger, bint.fromuinteger = frominteger, own.fromuinteger

  -- Making ---------------------------------------------------------------------------------------------

  local function isbint(x)
    return getmetatable(x) == bint
  end

  function bint.zero()
    return fill(0)
  end

  function bint.one()
    return frominteger(1)
  end

  function bint.frombase(text, base)
    base = base or 10
    if type(text) ~= "string" or not to_integer(base) or base < 2 or base > 36 then
      return
    end
    local minus, digits = string_match(string_lower(text), "^([+-]?)(%w+)$")
    if not digits then
      return
    end
    local _, step = chunk_of(base)
    local words = fill(0)
    for start = 1, #digits, step do
      local chunk = string_sub(digits, start, start + step - 1)
      local carry = to_number(chunk, base)
      if not carry then
        return
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
      return
    elseif string_find(text, "^[+-]?%d+$") then
      return frombase(text, 10)
    end
    local minus, kind, digits = string_match(text, "^([+-]?)0([xXbB])(%x+)$")
    if digits then
      return frombase(minus .. digits, string_lower(kind) == "x" and 16 or 2)
    end
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
      return
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
      if getmetatable(x) == bint and getmetatable(y) == bint then
        return on_bints(x, y)
      end
      local a, b = tobint(x), tobint(y)
      if a and b then
        return on_bints(a, b)
      end
      return on_numbers(need_number(x), need_number(y))
    end
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
