-- A training that logs its curves in batches of 100 points: 5 keys of 20 steps, one run a connection.

local KEYS = { "loss", "accuracy", "validation/loss", "validation/accuracy", "learning-rate" }
local STEPS = 20
local FIRST = 1000000 -- the first step

local ffi = require("ffi")

-- What is sent is written once and then only counted on: joining hundreds of small strings for each call took this program as long as the server
-- took to read them. So every step and every time has to keep its number of digits.
local BODIES = 64

return function(number)
   local run_id = setting("RUN_" .. number)
   local scenario = { finished = false }
   local first = 0
   -- A step takes about half a second, with some jitter; so much is logged here that it has to start in the past.
   local clock = math.floor(now() * 1000) - 7 * 86400 * 1000
   local after -- the time of the last step that was sent

   -- Doubles with all their digits, which no codec can shorten much. Behind each, places for the digits of its time and of its step.
   local bodies = {}
   for place = 1, BODIES do
      local parts, length, times, steps = { '{"run_id":"' .. run_id .. '","metrics":[' }, 0, {}, {}
      length = #parts[1]
      for step = 0, STEPS - 1 do
         for index, key in ipairs(KEYS) do
            local head = string.format('%s{"key":"%s","value":%.17g,"timestamp":', #parts > 1 and "," or "", key, 0.25 + math.random() / 2)
            times[#times + 1] = length + #head
            steps[#steps + 1] = length + #head + 13 + #',"step":'
            parts[#parts + 1] = head .. "0000000000000" .. ',"step":' .. "0000000" .. "}"
            length = length + #parts[#parts]
         end
      end
      parts[#parts + 1] = "]}"
      local text = table.concat(parts)
      bodies[place] = { length = #text, text = ffi.new("char[?]", #text + 1, text), times = ffi.new("int[?]", #times, times), steps = ffi.new("int[?]", #steps, steps) }
   end

   -- Writes so many digits of a number.
   local function digits(text, at, count, number)
      for place = at + count - 1, at, -1 do
         local rest = math.floor(number / 10)
         text[place] = 48 + (number - rest * 10)
         number = rest
      end
   end

   function scenario.request()
      local body, time = bodies[math.random(BODIES)], clock
      for step = 0, STEPS - 1 do
         time = time + math.random(400, 600)
         local from = step * #KEYS
         digits(body.text, body.times[from], 13, time)
         digits(body.text, body.steps[from], 7, FIRST + first + step)
         for place = from + 1, from + #KEYS - 1 do
            ffi.copy(body.text + body.times[place], body.text + body.times[from], 13)
            ffi.copy(body.text + body.steps[place], body.text + body.steps[from], 7)
         end
      end
      after = time
      return "/api/2.0/mlflow/runs/log-batch", ffi.string(body.text, body.length)
   end

   function scenario.acknowledged()
      first, clock = first + STEPS, after
      return #KEYS * STEPS
   end

   return scenario
end
