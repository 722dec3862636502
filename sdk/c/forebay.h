/* What the generated bindings leave to authors of plugins in C: reading a configuration, which is JSON with all
 * defaults filled in. A plugin includes `plugin.h`, which is generated, and this. */

#ifndef FOREBAY_H
#define FOREBAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The place behind a JSON value that starts at `at`; NULL where there is none before `end`. */
static const char *forebay_skip_value(const char *at, const char *end) {
  int depth = 0;
  bool in_text = false;
  for (; at < end; at++) {
    char c = *at;
    if (in_text) {
      if (c == '\\') {
        at++;
      } else if (c == '"') {
        in_text = false;
        if (depth == 0) return at + 1;
      }
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      depth++;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    } else if (depth == 0 && c == ',') {
      return at;
    }
  }
  return depth == 0 && !in_text ? at : NULL;
}

/* Finds the value of a field of the object `json`; false where it has none. */
static bool forebay_find(const char *json, size_t length, const char *field, const char **value, size_t *size) {
  const char *end = json + length;
  const char *at = memchr(json, '{', length);
  size_t name = strlen(field);
  if (at == NULL) return false;
  for (at++; at < end;) {
    while (at < end && (*at == ' ' || *at == ',' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
    if (at >= end || *at != '"') return false;
    const char *key = at + 1;
    at = forebay_skip_value(at, end);
    if (at == NULL) return false;
    size_t key_size = (size_t)(at - key) - 1;
    while (at < end && (*at == ' ' || *at == ':')) at++;
    const char *start = at;
    at = forebay_skip_value(at, end);
    if (at == NULL) return false;
    if (key_size == name && memcmp(key, field, name) == 0) {
      *value = start;
      *size = (size_t)(at - start);
      return true;
    }
  }
  return false;
}

static int forebay_hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 0;
}

/* Writes a character as UTF-8; how many bytes that took. */
static size_t forebay_utf8(uint32_t code, char *out) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};
  for (size_t i = more; i > 0; i--) {
    out[i] = (char)(0x80 | (code & 0x3f));
    code >>= 6;
  }
  out[0] = (char)(first[more] | code);
  return more + 1;
}

/* The text of a field, with its escapes undone: `*size` bytes that the caller frees. NULL where it is no text. */
static char *forebay_config_text(const char *json, size_t length, const char *field, size_t *size) {
  const char *at;
  size_t rest;
  if (!forebay_find(json, length, field, &at, &rest) || rest < 2 || *at != '"') return NULL;
  const char *end = at + rest - 1;
  /* No escape is shorter than what it stands for. */
  char *text = malloc(rest);
  size_t used = 0;
  for (at++; at < end; at++) {
    if (*at != '\\') {
      text[used++] = *at;
      continue;
    }
    at++;
    if (*at == 'u' && end - at > 4) {
      uint32_t code = 0;
      for (int i = 1; i <= 4; i++) code = code << 4 | (uint32_t)forebay_hex(at[i]);
      at += 4;
      if (code >= 0xd800 && code < 0xdc00 && end - at > 6 && at[1] == '\\' && at[2] == 'u') {
        uint32_t low = 0;
        for (int i = 3; i <= 6; i++) low = low << 4 | (uint32_t)forebay_hex(at[i]);
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      }
      used += forebay_utf8(code, text + used);
      continue;
    }
    static const char escaped[] = "bfnrt", meant[] = "\b\f\n\r\t";
    const char *found = strchr(escaped, *at);
    text[used++] = found != NULL ? meant[found - escaped] : *at;
  }
  *size = used;
  return text;
}

/* The integer of a field; `missing` where it is none. */
static int64_t forebay_config_int(const char *json, size_t length, const char *field, int64_t missing) {
  const char *at;
  size_t rest;
  if (!forebay_find(json, length, field, &at, &rest) || rest == 0 || rest > 20) return missing;
  char digits[21];
  memcpy(digits, at, rest);
  digits[rest] = 0;
  char *end;
  int64_t number = strtoll(digits, &end, 10);
  return end == digits ? missing : number;
}

#endif
