# What gojq has in the language itself. Every definition sees only the others, by name and number of parameters.

def map(f): [.[] | f];
def map_values(f): .[] |= f;
def select(f): if f then . else empty end;
def with_entries(f): to_entries | map(f) | from_entries;
def in(whole): . as $key | whole | has($key);
def inside(whole): . as $part | whole | contains($part);

# Descent and loops.
def recurse: recurse(.[]?);
def recurse(f): def down: ., (f | down); down;
def recurse(f; goes_on): def down: ., (f | select(goes_on) | down); down;
def while(goes_on; f): def round: if goes_on then ., (f | round) else empty end; round;
def until(is_done; f): def round: if is_done then . else f | round end; round;
def repeat(f): def round: f, round; round;
def walk(f):
  def inner: if type == "array" then map(inner) elif type == "object" then map_values(inner) end | f;
  inner;
def range($to): _range(0; $to; 1);
def range($from; $to): _range($from; $to; 1);
def range($from; $to; $by): _range($from; $to; $by);

# By a key.
def min_by(f): _min_by(map([f]));
def max_by(f): _max_by(map([f]));
def sort_by(f): _sort_by(map([f]));
def group_by(f): _group_by(map([f]));
def unique_by(f): _unique_by(map([f]));

# By type.
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type == "array" or type == "object");
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def finites: select(isfinite);
def normals: select(isnormal);
def strings: select(type == "string");
def nulls: select(. == null);
def values: select(. != null);
def scalars: select(type != "array" and type != "object");

# Some of what a query gives.
def first: .[0];
def first(f): label $found | f | ., break $found;
def last: .[-1];
def last(f): reduce f as $value (null; $value);
def isempty(f): label $found | (f | false, break $found), true;
def all: all(.[]; .);
def all(is_right): all(.[]; is_right);
def all(f; is_right): isempty(f | select(is_right | not));
def any: any(.[]; .);
def any(is_right): any(.[]; is_right);
def any(f; is_right): isempty(f | select(is_right)) | not;
def limit($count; f):
  if $count > 0 then
    label $enough | foreach f as $value ($count; . - 1; $value, if . <= 0 then break $enough else empty end)
  elif $count == 0 then
    empty
  else
    f
  end;
def nth($index): .[$index];
def nth($index; f):
  if $index < 0 then
    error("nth doesn't support negative indices")
  else
    label $found | foreach f as $value ($index + 1; . - 1; if . <= 0 then $value, break $found else empty end)
  end;
def combinations: if length == 0 then [] else .[0][] as $first | [$first] + (.[1:] | combinations) end;
def combinations($count): [limit($count; repeat(.))] | combinations;

# Paths.
def del(f): delpaths([path(f)]);
def paths: path(..) | select(. != []);
def paths(f): path(.. | select(f)) | select(. != []);
def pick(f): . as $whole | reduce path(f) as $path (null; setpath($path; $whole | getpath($path)));

# Streams of paths and leaves.
def tostream:
  path(def leaves_first: (.[]? | leaves_first), .; leaves_first) as $path
  | getpath($path)
  | reduce path(.[]?) as $inner ([$path, .]; [$path + $inner]);
def fromstream(f):
  {whole: null, done: false} as $start
  | foreach f as $event (
      $start;
      if .done then $start end
      | if $event | length == 2 then
          setpath(["done"]; $event[0] | length == 0) | setpath(["whole"] + $event[0]; $event[1])
        else
          setpath(["done"]; $event[0] | length == 1)
        end;
      if .done then .whole else empty end
    );
def truncate_stream(f):
  . as $depth | null | f | if .[0] | length > $depth then .[0] |= .[$depth:] else empty end;

# Dates.
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%S%z") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def todate: todateiso8601;

# Regular expressions.
def match($expression): match($expression; null);
def match($expression; $flags): _match($expression; $flags; false)[];
def test($expression): test($expression; null);
def test($expression; $flags): _match($expression; $flags; true);
def capture($expression): capture($expression; null);
def capture($expression; $flags): match($expression; $flags) | _capture;
def scan($expression): scan($expression; null);
def scan($expression; $flags):
  match($expression; $flags + "g") | if .captures == [] then .string else [.captures[].string] end;
def splits($expression): splits($expression; null);
def splits($expression; $flags): split($expression; $flags)[];
def sub($expression; f): sub($expression; f; null);
def sub($expression; f; $flags):
  . as $text
  | def replaced:
      if .left == [] then
        $text[:.end] + .text
      else
        .left[-1] as $match
        | {
            text: (($match | _capture | f) + $text[$match.offset + $match.length:.end] + .text),
            end: $match.offset,
            left: .left[:-1]
          }
        | replaced
      end;
    {text: "", left: [match($expression; $flags)]}
  | replaced;
def gsub($expression; f): sub($expression; f; "g");
def gsub($expression; f; $flags): sub($expression; f; $flags + "g");

def inputs: try repeat(input) catch if . == "break" then empty else error end;

# In the manner of SQL.
def INDEX(f): INDEX(.[]; f);
def INDEX(rows; f): reduce rows as $row ({}; .[$row | f | tostring] = $row);
def JOIN($index; f): [.[] | [., $index[f]]];
def JOIN($index; rows; f): rows | [., $index[f]];
def JOIN($index; rows; f; joined): rows | [., $index[f]] | joined;
def IN(values): any(values == .; .);
def IN(source; values): any(source == values; .);
