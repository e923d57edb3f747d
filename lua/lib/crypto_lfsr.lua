--- crypto_lfsr.lua: a linear feedback shift register, from require(".crypto.utils.lfsr").

local lib = ...
local common = lib.file("crypto_common")

local TAPS = 0x80200003 -- x^32 + x^22 + x^2 + x + 1: all 2^32 - 1 states in turn

--- A register in Galois form: its first state (not 0) and its taps, both of at most 64 bits.
--- bit() gives the next bit, byte() the next eight, the first of them highest; state() where it stands.
return function(seed, taps)
  local state = common.integer(seed, 1, "lfsr")
  taps = taps == nil and TAPS or common.integer(taps, 2, "lfsr")
  if taps == TAPS then
    state = state & 0xFFFFFFFF
  end
  if state == 0 then
    common.blame("bad argument #1 to 'lfsr' (a register of zeros stays so; another number expected)")
  end

  local register = {}

  function register.bit()
    local bit = state & 1
    state = state >> 1
    if bit == 1 then
      state = state ~ taps
    end
    return bit
  end

  function register.byte()
    local byte = 0
    for _ = 1, 8 do
      byte = byte << 1 | register.bit()
    end
    return byte
  end

  function register.state()
    return state
  end

  return register
end
