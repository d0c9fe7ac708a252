-- A team that looks for its best runs: by a metric and a param, ordered by another metric, 100 at a time.

return function()
   local experiment = setting("EXPERIMENT")
   local scenario = { finished = false }

   function scenario.request()
      -- Another threshold each time: no answer can be kept.
      local filter = string.format("metrics.`metric-0` > %.6f AND params.`param-0` LIKE '0.%%'", 0.2 + 0.2 * math.random())
      return "/api/2.0/mlflow/runs/search",
         string.format('{"experiment_ids":["%s"],"filter":"%s","order_by":["metrics.`metric-1` DESC"],"max_results":100}', experiment, filter)
   end

   function scenario.acknowledged(body)
      return select(2, body:gsub('"run_uuid"', "")) == 100 and 1 or 0
   end

   return scenario
end
