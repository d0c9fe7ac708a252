-- A training that logs one value a call, one run a connection.

return function(number)
   local run_id = setting("RUN_" .. number)
   local scenario = { finished = false }
   local step = 0

   function scenario.request()
      return "/api/2.0/mlflow/runs/log-metric",
         string.format('{"run_id":"%s","key":"loss","value":%.17g,"timestamp":%s,"step":%d}', run_id, math.random(), milliseconds(), step)
   end

   function scenario.acknowledged()
      step = step + 1
      return 1
   end

   return scenario
end
