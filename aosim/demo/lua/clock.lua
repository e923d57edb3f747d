--- clock.lua: a process with cron. Each tick closes a candle.

Chart = Chart or ao.env.Process.Tags.Chart
Ticks = Ticks or 0

Handlers.add("Tick", { Action = "Tick", Cron = function(cron) return cron == true end }, function()
  Ticks = Ticks + 1
  ao.send({ Target = Chart, Action = "Close-Candle", Tick = tostring(Ticks) })
end)
