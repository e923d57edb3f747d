--- ledger.lua: a token whose ledger is a table of entries. Balances are sums; nothing is ever overwritten.

local sqlite3 = require("lsqlite3")
local json = require("json")

Database = Database or sqlite3.open_memory()

local function run(sql)
  assert(Database:exec(sql) == sqlite3.OK, Database:errmsg())
end

run([[
  CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY,
    at TEXT DEFAULT CURRENT_TIMESTAMP,
    account TEXT NOT NULL,
    amount INTEGER NOT NULL,
    message TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS by_account ON entries (account);
  CREATE VIEW IF NOT EXISTS balances AS SELECT account, sum(amount) AS amount FROM entries GROUP BY account;
  CREATE TRIGGER IF NOT EXISTS no_debts AFTER INSERT ON entries
    WHEN (SELECT sum(amount) FROM entries WHERE account = new.account) < 0
    BEGIN SELECT RAISE(ABORT, 'the account holds too little'); END;
]])

local function prepare(sql)
  return assert(Database:prepare(sql), Database:errmsg())
end

Insert = Insert or prepare("INSERT INTO entries (account, amount, message) VALUES (?, ?, ?)")
Balance = Balance or prepare("SELECT amount FROM balances WHERE account = ?")
Statement = Statement or prepare("SELECT number, at, amount FROM entries WHERE account = ? ORDER BY number")

local function enter(account, amount, msg)
  Insert:reset()
  Insert:bind_values(account, amount, msg.Id)
  assert(Insert:step() == sqlite3.DONE, Database:errmsg())
end

local function quantity_of(msg)
  local quantity = math.tointeger(tonumber(msg.Tags.Quantity))
  assert(quantity and quantity > 0, "Quantity must be a whole number above zero")
  return quantity
end

Handlers.add("Mint", "Mint", function(msg)
  assert(msg.From == Owner, "only the owner mints")
  enter(msg.Tags.Recipient, quantity_of(msg), msg)
end)

-- Both entries or none. (Without the savepoint the error would fail the message, and undo both as well.)
Handlers.add("Transfer", "Transfer", function(msg)
  local quantity = quantity_of(msg)
  run("SAVEPOINT transfer")
  local ok, problem = pcall(function()
    enter(msg.Tags.Recipient, quantity, msg)
    enter(msg.From, -quantity, msg)
  end)
  if not ok then
    Insert:reset()
    run("ROLLBACK TO transfer")
  end
  run("RELEASE transfer")
  msg.reply({ Action = ok and "Transferred" or "Refused", Reason = problem })
end)

Handlers.add("Balance", "Balance", function(msg)
  Balance:reset()
  Balance:bind_values(msg.Tags.Target or msg.From)
  local amount = Balance:step() == sqlite3.ROW and Balance:get_value(0) or 0
  msg.reply({ Action = "Balance-Is", Balance = tostring(amount) })
end)

Handlers.add("Statement", "Statement", function(msg)
  local entries = {}
  Statement:reset()
  Statement:bind_values(msg.From)
  for entry in Statement:nrows() do
    entries[#entries + 1] = entry
  end
  msg.reply({ Action = "Statement-Is", Data = json.encode(entries) })
end)
