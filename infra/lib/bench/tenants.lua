-- Readers of many organizations, one after the other: a run by its id, each time of another organization. One time in ten it is the run of somebody else,
-- which there is not. What an organization stored has its canary in it; a foreign one in any answer is told and ends the load.

local organizations = {}
for line in io.lines(setting("ORGANIZATIONS")) do
   local token, run, canary = line:match("(%S+) (%S+) (%S+)")
   table.insert(organizations, { token = token, run = run, canary = canary })
end

return function(number)
   local left = tonumber(setting("REQUESTS"))
   local scenario = { finished = false }
   local own, foreign

   function scenario.request()
      own = organizations[math.random(#organizations)]
      foreign = math.random(10) == 1 and organizations[math.random(#organizations)] or nil
      foreign = foreign ~= own and foreign or nil
      scenario.token = own.token
      return "GET", "/api/2.0/mlflow/runs/get?run_id=" .. (foreign or own).run
   end

   function scenario.answered(status, body)
      left = left - 1
      scenario.finished = left <= 0
      for canary in body:gmatch("CANARY%x+") do
         if canary ~= own.canary then
            scenario.finished = true
            return nil, "A FOREIGN CANARY: " .. canary
         end
      end
      if foreign then
         return status == 404 and 1, "a foreign run was answered with " .. status
      end
      return status == 200 and body:find(own.canary, 1, true) and 1, "an own run was answered with " .. status
   end

   return scenario
end
