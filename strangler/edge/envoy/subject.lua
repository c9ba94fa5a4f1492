-- Reads whose request this is out of the router's own cookie, so that a share is sticky.
-- The signature is not verified here: the home that gets the request does, and forwards where this was deceived.

local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
local value_of = {}
for n = 1, #letters do value_of[letters:byte(n)] = n - 1 end

local function decoded(text)
  local bytes, held, bits = {}, 0, 0
  for n = 1, #text do
    held = held * 64 + value_of[text:byte(n)]
    bits = bits + 6
    if bits >= 8 then
      bits = bits - 8
      local unit = 2 ^ bits
      bytes[#bytes + 1] = string.char(math.floor(held / unit))
      held = held % unit
    end
  end
  return table.concat(bytes)
end

function envoy_on_request(handle)
  local headers = handle:headers()
  if headers:get("strangler-edge-subject") then return end
  local cookies = headers:get("cookie")
  if not cookies then return end
  local claims
  for token in ("; " .. cookies):gmatch("; ?strangler_subject=([^;]*)") do
    claims = token:match("%.([%w_-]+)%.[%w_-]+$")
  end
  if not claims or #claims > 4096 then return end
  local subject = decoded(claims):match('"sub":"([^"\\%c]+)"')
  if not subject then return end
  headers:add("strangler-edge-subject", subject)
  handle:clearRouteCache()
end
