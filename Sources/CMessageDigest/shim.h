#include <sha512.h>
