--- lsqlite3_names.lua: the constants of lsqlite3; codes of results, types, flags, operations.

local lib = ...
local raw = lib.raw

local constants = {}

local function number_all(names, first)
  local value = first
  for name in raw.string.gmatch(names, "%S+") do
    if name ~= "-" then
      constants[name] = value
    end
    value = value + 1
  end
end

number_all([[OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND FULL CANTOPEN
  PROTOCOL EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH FORMAT RANGE NOTADB NOTICE WARNING]], 0)
number_all("ROW DONE", 100)
number_all("INTEGER FLOAT TEXT BLOB NULL", 1)
-- What an update hook is told, and other operations.
number_all([[CREATE_INDEX CREATE_TABLE CREATE_TEMP_INDEX CREATE_TEMP_TABLE CREATE_TEMP_TRIGGER CREATE_TEMP_VIEW
  CREATE_TRIGGER CREATE_VIEW DELETE DROP_INDEX DROP_TABLE DROP_TEMP_INDEX DROP_TEMP_TABLE DROP_TEMP_TRIGGER
  DROP_TEMP_VIEW DROP_TRIGGER DROP_VIEW INSERT PRAGMA READ SELECT TRANSACTION UPDATE ATTACH DETACH ALTER_TABLE REINDEX
  ANALYZE CREATE_VTABLE DROP_VTABLE FUNCTION SAVEPOINT RECURSIVE]], 1)
number_all("OPEN_READONLY OPEN_READWRITE", 1)
constants.OPEN_CREATE, constants.OPEN_URI, constants.OPEN_MEMORY = 0x4, 0x40, 0x80
constants.OPEN_NOMUTEX, constants.OPEN_FULLMUTEX = 0x8000, 0x10000
constants.OPEN_SHAREDCACHE, constants.OPEN_PRIVATECACHE = 0x20000, 0x40000
number_all("CHECKPOINT_PASSIVE CHECKPOINT_FULL CHECKPOINT_RESTART CHECKPOINT_TRUNCATE", 0)

return constants
