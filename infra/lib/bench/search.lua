-- Somebody who looks for good runs: a metric and a param as filter, ordered by another metric, the first hundred of some thousand.

return function(number)
   local experiment = setting("EXPERIMENT")
   local scenario = { finished = false }
   local body = '{"experiment_ids":["%s"],"filter":"metrics.`metric-%d` > %.3f and params.`param-%d` != \'0\'","order_by":["metrics.`metric-%d` DESC"],"max_results":100}'

   function scenario.request()
      local index = math.random(0, 9)
      return "/api/2.0/mlflow/runs/search", string.format(body, experiment, index, math.random() * 0.4, (index + 3) % 10, (index + 1) % 10)
   end

   function scenario.acknowledged()
      return 1
   end

   return scenario
end
