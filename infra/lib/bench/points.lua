-- A training that logs its curves in batches of 100 points: 5 keys of 20 steps, one run a connection.

local KEYS = { "loss", "accuracy", "validation/loss", "validation/accuracy", "learning-rate" }
local STEPS = 20

return function(number)
   local run_id = setting("RUN_" .. number)
   local scenario = { finished = false }
   local first = 0
   -- A step takes about half a second, with some jitter; so much is logged here that it has to start in the past.
   local clock = math.floor(now() * 1000) - 7 * 86400 * 1000
   local after -- the time of the last step that was sent

   -- Doubles with all their digits, which no codec can shorten much. They are written once, so that the load itself is cheap.
   local values = {}
   for index = 1, 8192 do
      values[index] = string.format("%.17g", 0.25 + math.random() / 2)
   end

   function scenario.request()
      local list, used, time = {}, 0, clock
      for step = first, first + STEPS - 1 do
         time = time + math.random(400, 600)
         local rest = table.concat({ ',"timestamp":', string.format("%.0f", time), ',"step":', step, "}" })
         for _, key in ipairs(KEYS) do
            used = used + 1
            list[used] = table.concat({ '{"key":"', key, '","value":', values[math.random(#values)], rest })
         end
      end
      after = time
      return "/api/2.0/mlflow/runs/log-batch", string.format('{"run_id":"%s","metrics":[%s]}', run_id, table.concat(list, ","))
   end

   function scenario.acknowledged()
      first, clock = first + STEPS, after
      return #KEYS * STEPS
   end

   return scenario
end
