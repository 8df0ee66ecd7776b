// What the standard headers call where the hosted library would throw. Guest code never gets there
// (it checks before it calls), but the mere reference would link libstdc++'s exception machinery
// into the target, whose constructor allocates 72 KB: a block in every recording that no program
// made.
namespace std {

[[noreturn]] void __throw_out_of_range_fmt(const char*, ...);
void __throw_out_of_range_fmt(const char*, ...) {
  __builtin_trap();
}

}  // namespace std
