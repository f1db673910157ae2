-- Which file of the site answers a request. lighttpd runs this for each one, before it looks at the file.
-- Environment: DEFAULT_DOCUMENTS (names with commas), FALLBACK_PAGE (a path), SCRIPT_SUFFIXES (with spaces), SCRIPT_MARK,
-- FRONT_SCRIPT (the script that answers every path without a file), HIDDEN_FILES (patterns with spaces).

local r = lighty.r
local attr, header = r.req_attr, r.resp_header

local site = package.loaded.site
if not site then
  site = { documents = {}, scripts = {}, hidden = {}, page = os.getenv("FALLBACK_PAGE") or "" }
  site.mark, site.front = os.getenv("SCRIPT_MARK") or "", os.getenv("FRONT_SCRIPT")
  for name in (os.getenv("DEFAULT_DOCUMENTS") or ""):gmatch("[^,]+") do
    table.insert(site.documents, name:match("^%s*(.-)%s*$"))
  end
  for suffix in (os.getenv("SCRIPT_SUFFIXES") or ""):gmatch("%S+") do
    site.scripts[suffix] = true
  end
  for pattern in (os.getenv("HIDDEN_FILES") or ""):gmatch("%S+") do
    table.insert(site.hidden, pattern)
  end
  package.loaded.site = site
end

local METHODS = "GET, HEAD, OPTIONS"
local method = attr["request.method"]
local root = attr["physical.doc-root"]:gsub("/$", "")
local path = attr["uri.path"]

local function stat(place)
  return lighty.c.stat(root .. place)
end

local function is_file(place)
  local found = stat(place)
  return found and found.is_file
end

local function is_script(place)
  local suffix = place:match("%.[^./]*$")
  return suffix and site.scripts[suffix:lower()] or false
end

-- What no visitor gets. Of the dot files that is all but the folder of RFC 8615
local function is_hidden(place)
  if place:find("%c") then return true end -- lighttpd would look for what stands before a zero byte
  local small = place:lower()
  for _, pattern in ipairs(site.hidden) do
    if small:find(pattern) then return true end
  end
  for part in place:gmatch("/(%.[^/]*)") do
    if part ~= ".well-known" then return true end
  end
  return false
end

local function say(status, text)
  header["Content-Type"] = "text/plain; charset=utf-8"
  header["Cache-Control"] = "no-cache"
  r.resp_body.set(text)
  return status
end

-- lighttpd goes on with this file of the site
local function send(place)
  local encodings = r.req_header["Accept-Encoding"]
  local weight = encodings and encodings:lower():match("gzip%s*;%s*q=([%d.]+)")
  if encodings and (r.req_header["Range"] or weight and tonumber(weight) == 0) then
    r.req_header["Accept-Encoding"] = nil -- a part is one of the file as it lies here; lighttpd ignores weights
  end
  r.req_header["If-Modified-Since"] = nil -- after a roll-back the file is older than what the visitor has; the ETag tells
  header["Cache-Control"] = "no-cache"
  -- Of what it compresses lighttpd says that itself, and keeps no copy of what somebody else has said it of
  if method == "HEAD" or not (r.req_header["Accept-Encoding"] or ""):lower():find("gzip", 1, true) then
    header["Vary"] = "Accept-Encoding"
  end
  attr["uri.path"] = place
  attr["physical.rel-path"] = place
  attr["physical.path"] = root .. place
  return 0
end

-- lighttpd finds the script, and what follows it, and hands both on; the mark leads to the gateway
local function run(place)
  if site.mark == "" and not site.scripts[place:match("%.[^./]*$") or ".php"] and is_script(place) then
    return say(404, "Not found\n") -- its suffix is written in a way that PHP does not know, and its source is nobody's
  end
  if r.req_body.len < 0 then return say(411, "Length required\n") end -- a script is told the length beforehand
  for name in pairs(r.req_header) do
    if name:find("_", 1, true) then r.req_header[name] = nil end -- poses as another header in a script's variables
  end
  if (r.req_header["X-Forwarded-Proto"] or "") == "https" then r.req_env["HTTPS"] = "on" end
  attr["uri.path"] = site.mark .. place
  attr["physical.rel-path"] = place
  attr["physical.path"] = root .. place
  return 0
end

local function not_found()
  local page = "/404.html"
  if not is_file(page) or is_script(page) then return say(404, "Not found\n") end
  header["Content-Type"] = "text/html; charset=utf-8"
  header["Cache-Control"] = "no-cache"
  r.resp_body.set({ { filename = root .. page } })
  return 404
end

-- The fallback page, for what a person looks at; a picture or script that is not there stays missing
local function missing()
  local is_page = not path:match("[^/]*$"):find(".", 1, true)
    or (r.req_header["Accept"] or ""):find("text/html", 1, true)
  local page = "/" .. site.page:gsub("^/", "")
  if site.page == "" or not is_page or page:find("/../", 1, true) or not is_file(page) or is_script(page) then
    return not_found()
  end
  return send(page)
end

-- The first file on the way down the path; what follows it is for the script
local function script_of(place)
  local from = 1
  while true do
    local slash = place:find("/", from + 1, true)
    local part = place:sub(1, slash and slash - 1 or -1)
    local found = stat(part)
    if not found then return nil end
    if found.is_file then return is_script(part) end
    if not slash then return nil end
    from = slash
  end
end

local function document_of(folder)
  for _, name in ipairs(site.documents) do
    if is_file(folder .. name) then return folder .. name end
  end
end

local function to_folder()
  local query = attr["uri.query"] or ""
  header["Location"] = lighty.c.urlenc(path) .. "/" .. (query ~= "" and "?" .. query or "")
  header["Cache-Control"] = "no-cache"
  return 301
end

-- lighttpd's own refusals come back here; a link is one that is not there
local status = tonumber(r.req_env["REDIRECT_STATUS"] or "")
if status == 403 then
  r.req_env["REDIRECT_STATUS"] = "404"
  return not_found()
elseif status then
  return status
end

local found = not is_hidden(path) and stat(path) or nil
local place, needs_slash, script
if found and found.is_file then
  place = path
elseif found and found.is_dir then
  needs_slash = not path:match("/$")
  place = document_of(needs_slash and path .. "/" or path)
end
if next(site.scripts) and not needs_slash and not is_hidden(path) then
  script = place and is_script(place) or not place and script_of(path)
end
if not place and not script and site.front and not is_hidden(path) and is_file(site.front) then
  script, place = true, site.front
end
if script then return run(place or path) end

if method == "OPTIONS" then
  header["Allow"] = METHODS
  return 204
end
if method ~= "GET" and method ~= "HEAD" then
  header["Allow"] = METHODS
  return say(405, "Method not allowed\n")
end
if not place then return missing() end
if needs_slash then return to_folder() end
return send(place)
