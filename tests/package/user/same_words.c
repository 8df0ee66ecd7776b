/* Fails unless its arguments are those that CMakeLists.txt gives it. */
#include <stdio.h>
#include <string.h>

static const char* const expected[] = {"",
                                       "a[b",
                                       "c]d",
                                       "tail\\",
                                       "x",
                                       "two  words",
                                       "it's",
                                       "a;b",
                                       "",
                                       "]===]",
                                       "]====",
                                       "[",
                                       "TIMEOUT",
                                       "RESULT_VARIABLE",
                                       "\nline\n",
                                       "$(false) `false` $HOME ${x} \\n",
                                       "same_words",
                                       "--",
                                       ""};

int main(int argc, char** argv) {
  const int count = (int)(sizeof expected / sizeof *expected);
  int wrong = argc - 1 != count;
  for (int i = 0; i < argc - 1; ++i) {
    const int is_same = i < count && strcmp(argv[i + 1], expected[i]) == 0;
    if (!is_same) printf("argument %d is '%s'\n", i + 1, argv[i + 1]);
    wrong |= !is_same;
  }
  return wrong;
}
