-- A training that logs its curves in batches of 100 points: 5 keys of 20 steps, one run a connection.

local KEYS = { "loss", "accuracy", "validation/loss", "validation/accuracy", "learning-rate" }
local STEPS = 20

local ffi = require("ffi")
-- A body is put together here: joining hundreds of small strings took this program as long as the server took to read them.
local body = ffi.new("char[65536]")

-- Writes a text at a place; returns the place behind it.
local function put(at, text)
   ffi.copy(body + at, text, #text)
   return at + #text
end

return function(number)
   local run_id = setting("RUN_" .. number)
   local scenario = { finished = false }
   local first = 0
   -- A step takes about half a second, with some jitter; so much is logged here that it has to start in the past.
   local clock = math.floor(now() * 1000) - 7 * 86400 * 1000
   local after -- the time of the last step that was sent

   -- Doubles with all their digits, which no codec can shorten much. Each is written once, behind each key, so that the load itself is cheap.
   local metrics = {}
   for place, key in ipairs(KEYS) do
      metrics[place] = {}
      for index = 1, 8192 do
         metrics[place][index] = string.format('{"key":"%s","value":%.17g', key, 0.25 + math.random() / 2)
      end
   end
   local head = '{"run_id":"' .. run_id .. '","metrics":['

   function scenario.request()
      local at, time = put(0, head), clock
      for step = first, first + STEPS - 1 do
         time = time + math.random(400, 600)
         local rest = string.format(',"timestamp":%.0f,"step":%d},', time, step)
         for place = 1, #KEYS do
            at = put(put(at, metrics[place][math.random(8192)]), rest)
         end
      end
      at = put(at - 1, "]}") -- no comma behind the last
      after = time
      return "/api/2.0/mlflow/runs/log-batch", ffi.string(body, at)
   end

   function scenario.acknowledged()
      first, clock = first + STEPS, after
      return #KEYS * STEPS
   end

   return scenario
end
