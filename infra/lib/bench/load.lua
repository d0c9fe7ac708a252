-- The engine of the loads: each of wrk's threads has one connection and is a state machine that a scenario describes.
--
-- A scenario (fill.lua, points.lua, calls.lua) is a table with
--   request()            the path and the JSON body of the next call; asked again when a connection had to be made anew
--   acknowledged(body)   moves on after a call that was answered with 200; returns the units of work that are now done
--   finished             set when the scenario has no more to do
-- What it must know comes in the environment, as BENCH_*: unlike arguments, that cannot be read by other users.
--
-- A thread stops by itself, after a call was answered, and tells what was acknowledged: wrk's own end would leave calls
-- of which nobody knows whether they were done.

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
local patience = 20 -- refused calls until a thread gives up

function init()
   math.randomseed(number)
   headers = "Host: " .. wrk.host .. ":" .. wrk.port .. "\r\nContent-Type: application/json\r\n"
   if setting("TOKEN") then
      headers = headers .. "Authorization: Bearer " .. setting("TOKEN") .. "\r\n"
   end
   scenario = dofile(setting("FOLDER") .. "/" .. setting("SCENARIO") .. ".lua")(number)
end

function request()
   local path, body = scenario.request()
   -- The clock starts with the last request before the first answer: wrk asks for one more, to look at it, before it connects.
   if calls + refused == 0 then
      started = now()
      ends = started + tonumber(setting("SECONDS"))
   end
   return table.concat({ "POST ", path, " HTTP/1.1\r\n", headers, "Content-Length: ", #body, "\r\n\r\n", body })
end

function response(status, _, body)
   local moment = now()
   if status == 200 then
      calls = calls + 1
      units = units + scenario.acknowledged(body)
   else
      refused = refused + 1
      refusal = status .. " " .. body:sub(1, 300):gsub("%s+", " ")
   end
   if scenario.finished or moment > ends or refused >= patience then
      io.write(string.format("bench thread\t%d\t%d\t%d\t%d\t%.6f\t%.6f\t%s\n", number, units, calls, refused, started, moment, refusal))
      io.flush()
      wrk.thread:stop()
   end
end
