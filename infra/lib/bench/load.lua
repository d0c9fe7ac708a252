-- The engine of the loads: each of wrk's threads has one connection and is a state machine that a scenario describes.
--
-- A scenario (fill.lua, points.lua, calls.lua) is a table with
--   request()            the path and the JSON body of the next call; asked again when a connection had to be made anew
--   acknowledged(body)   moves on after a call that was answered with 200; returns the units of work that are now done
--   finished             set when the scenario has no more to do
-- A scenario of readers has, instead of `acknowledged`, `answered(status, body)`: the units of work, or nothing and what is wrong with the answer. Its
-- request is a method and a path, sent with `token`.
-- What it must know comes in the environment, as BENCH_*: unlike arguments, that cannot be read by other users.
--
-- A thread stops by itself, after a call was answered, and tells what was acknowledged: wrk's own end would leave calls
-- of which nobody knows whether they were done. It tells how long each answer took, too: wrk's own figures have answers in them that it thinks it would
-- have waited for, had it not waited for others, which is true of callers that do not wait for each other. These do.

local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds, nanoseconds; } moment; int clock_gettime(int, moment *);")

local instant = ffi.new("moment")
function now()
   ffi.C.clock_gettime(0, instant)
   return tonumber(instant.seconds) + tonumber(instant.nanoseconds) / 1e9
end

function milliseconds()
   return string.format("%.0f", now() * 1000)
end

function setting(name)
   return os.getenv("BENCH_" .. name)
end

local threads = 0
function setup(thread)
   threads = threads + 1
   thread:set("number", threads)
end

local scenario, headers, started, ends
local units, calls, refused, refusal = 0, 0, 0, ""
local asked, waits = 0, {} -- tenths of a millisecond until an answer was whole, and how many took so long
local patience = 20 -- refused calls until a thread gives up

function authorization(token)
   return "Authorization: Bearer " .. token .. "\r\n"
end

function init()
   math.randomseed(number)
   headers = "Host: " .. wrk.host .. ":" .. wrk.port .. "\r\nContent-Type: application/json\r\n"
   scenario = dofile(setting("FOLDER") .. "/" .. setting("SCENARIO") .. ".lua")(number)
   if setting("TOKEN") and not scenario.answered then
      headers = headers .. authorization(setting("TOKEN"))
   end
end

function request()
   local path, body = scenario.request() -- of a reader: a method and a path
   -- The clock starts with the last request before the first answer: wrk asks for one more, to look at it, before it connects.
   if calls + refused == 0 then
      started = now()
      ends = started + tonumber(setting("SECONDS"))
   end
   asked = now()
   if scenario.answered then
      return table.concat({ path, " ", body, " HTTP/1.1\r\n", headers, authorization(scenario.token), "\r\n" })
   end
   return table.concat({ "POST ", path, " HTTP/1.1\r\n", headers, "Content-Length: ", #body, "\r\n\r\n", body })
end

function response(status, _, body)
   local moment = now()
   local wait = math.floor((moment - asked) * 10000)
   waits[wait] = (waits[wait] or 0) + 1
   local done, problem
   if scenario.answered then
      done, problem = scenario.answered(status, body)
   else
      done, problem = status == 200 and scenario.acknowledged(body), status
   end
   if done then
      calls = calls + 1
      units = units + done
   else
      refused = refused + 1
      refusal = problem .. " " .. body:sub(1, 300):gsub("%s+", " ")
   end
   if scenario.finished or moment > ends or refused >= patience then
      local told = {}
      for wait, count in pairs(waits) do
         table.insert(told, wait .. ":" .. count)
      end
      io.write("bench waits\t" .. table.concat(told, " ") .. "\n")
      io.write(string.format("bench thread\t%d\t%d\t%d\t%d\t%.6f\t%.6f\t%s\n", number, units, calls, refused, started, moment, refusal))
      io.flush()
      wrk.thread:stop()
   end
end
