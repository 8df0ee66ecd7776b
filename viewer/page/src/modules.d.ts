declare module 'virtual:views' {
  export const modules: readonly import('./views').View[];
}
declare module '*.css';
