-- Whole runs, as a training that logs at its end: create, one batch of 10 params and 10 metrics, finish.

return function(number)
   local most, experiment = tonumber(setting("RUNS")), setting("EXPERIMENT")
   local scenario = { finished = false }
   local state, run_id, runs = "create", nil, 0

   local function params()
      local list = {}
      for index = 0, 9 do
         list[#list + 1] = string.format('{"key":"param-%d","value":"%.6f"}', index, math.random())
      end
      return table.concat(list, ",")
   end

   local function metrics()
      local list, time = {}, milliseconds()
      for index = 0, 9 do
         list[#list + 1] = string.format('{"key":"metric-%d","value":%.17g,"timestamp":%s,"step":0}', index, math.random(), time)
      end
      return table.concat(list, ",")
   end

   function scenario.request()
      if state == "create" then
         local name = string.format("run-%d-%04d", number, runs + 1)
         return "/api/2.0/mlflow/runs/create",
            string.format('{"experiment_id":"%s","user_id":"bench","run_name":"%s","start_time":%s}', experiment, name, milliseconds())
      elseif state == "batch" then
         return "/api/2.0/mlflow/runs/log-batch", string.format('{"run_id":"%s","params":[%s],"metrics":[%s]}', run_id, params(), metrics())
      end
      return "/api/2.0/mlflow/runs/update", string.format('{"run_id":"%s","status":"FINISHED","end_time":%s}', run_id, milliseconds())
   end

   function scenario.acknowledged(body)
      if state == "create" then
         state, run_id = "batch", body:match('"run_id"%s*:%s*"(%x+)"')
         return 0
      elseif state == "batch" then
         state = "finish"
         return 0
      end
      state, runs = "create", runs + 1
      scenario.finished = runs >= most
      return 1
   end

   return scenario
end
